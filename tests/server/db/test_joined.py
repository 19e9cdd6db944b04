from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from shopbell_server.core.ids import DeviceNo, PersonId
from shopbell_server.db.engine import open_engine
from shopbell_server.ports.database import DatabaseRefusedError
from tests.rigs.postgres import as_superuser
from tests.server.db.rows import ANNA, BEN, enrol, hashed

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_server.core.ids import Stamp
    from shopbell_server.db.unit_of_work import SqlDatabase
    from shopbell_server.ports.database import Database, UnitOfWork

CLEO = PersonId("person-cleo")
DORA = PersonId("person-dora")
EVERYBODY = (ANNA, BEN, CLEO, DORA)


@pytest.fixture
def shop(database: Database) -> Database:
    with database.begin() as work:
        for number, person in enumerate(EVERYBODY, 1):
            enrol(work, person, number=number)
        work.commit()
    return database


def done(database: Database, change: Callable[[UnitOfWork], object]) -> None:
    with database.begin() as work:
        change(work)
        work.commit()


def stamps(database: Database) -> dict[PersonId, Stamp]:
    with database.begin() as work:
        return dict(work.people.lock(EVERYBODY))


def stamped(database: Database, change: Callable[[UnitOfWork], object]) -> set[PersonId]:
    """Return who has another stamp after `change`."""
    before = stamps(database)
    done(database, change)
    after = stamps(database)
    return {person for person in EVERYBODY if after[person] != before[person]}


def test_everybody_is_alone_at_first(shop: Database) -> None:
    with shop.read() as work:
        assert {each.head for each in work.people.enrolments(EVERYBODY).values()} == {None}
        assert work.joined.under(EVERYBODY) == {}
        assert work.joined.under([]) == {}


def test_whoever_is_joined_is_under_her_head_however_she_is_found(shop: Database) -> None:
    done(shop, lambda work: work.joined.put([BEN, ANNA], ANNA))
    done(shop, lambda work: work.joined.put([CLEO, DORA], CLEO))
    with shop.read() as work:
        assert work.joined.heads(None, 9) == [ANNA, CLEO]
        assert work.joined.heads(None, 1) == [ANNA]
        assert work.joined.heads(ANNA, 9) == [CLEO]
        assert work.joined.heads(CLEO, 9) == []
        assert work.joined.under([ANNA, CLEO, BEN]) == {ANNA: [ANNA, BEN], CLEO: [CLEO, DORA]}
        ben = work.people.enrolments([BEN])[BEN]
        assert ben.head == ANNA
        assert work.people.by_device_no([DeviceNo(2)]) == {2: ben}
        assert work.people.by_device_token(hashed(2)) == ben


def test_groups_are_put_together_and_taken_apart(shop: Database) -> None:
    done(shop, lambda work: work.joined.put([ANNA, BEN], ANNA))
    done(shop, lambda work: work.joined.put([ANNA, BEN, CLEO], BEN))
    done(shop, lambda work: work.joined.put([ANNA, DORA], None))
    with shop.read() as work:
        assert work.joined.under(EVERYBODY) == {BEN: [BEN, CLEO]}
        heads = {person: each.head for person, each in work.people.enrolments(EVERYBODY).items()}
    assert heads == {ANNA: None, BEN: BEN, CLEO: BEN, DORA: None}


def test_everybody_of_a_group_that_changes_is_somebody_else_to_who_remembers_them(
    shop: Database,
) -> None:
    assert stamped(shop, lambda work: work.joined.put([ANNA, BEN], ANNA)) == {ANNA, BEN}
    # Of the others nothing changes but with whom they are joined.
    assert stamped(shop, lambda work: work.joined.put([CLEO], ANNA)) == {ANNA, BEN, CLEO}
    assert stamped(shop, lambda work: work.joined.put([BEN], None)) == {ANNA, BEN, CLEO}
    assert stamped(shop, lambda work: work.joined.put([BEN, DORA], DORA)) == {BEN, DORA}
    assert stamped(shop, lambda work: work.joined.put([CLEO, DORA], DORA)) == set(EVERYBODY)
    assert stamped(shop, lambda work: work.joined.put([], None)) == set()


def test_nobody_is_joined_with_somebody_who_is_not_there(shop: Database) -> None:
    with shop.begin() as work, pytest.raises(DatabaseRefusedError):
        work.joined.put([ANNA], PersonId("nobody"))
    with shop.begin() as work, pytest.raises(DatabaseRefusedError):
        work.joined.put([PersonId("nobody")], ANNA)


def test_a_new_enrolment_is_alone(database: Database) -> None:
    with database.begin() as work:
        anna = enrol(work)
        assert work.people.enrolments([ANNA]) == {ANNA: replace(anna, head=None)}


def test_no_enrolment_is_deleted_while_others_are_joined_with_it(
    url: str, sql: SqlDatabase
) -> None:
    """Who is left would have visits under the id of nobody."""
    with sql.begin() as work:
        enrol(work, ANNA, number=1)
        enrol(work, BEN, number=2)
        work.joined.put([ANNA, BEN], ANNA)
        work.commit()
    engine = open_engine(as_superuser(url))
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM cards"))
    for person in (ANNA, BEN):
        with engine.connect() as connection, pytest.raises(Exception, match=r"(?i)foreign key"):
            connection.execute(text("DELETE FROM enrolments WHERE person = :who"), {"who": person})
    engine.dispose()
