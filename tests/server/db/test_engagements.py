from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from shopbell_server.core.ids import Millis, StaffId, VisitId
from shopbell_server.core.keeping.retention import What
from shopbell_server.core.serving.engagement import (
    HELD_MS,
    Engagement,
    HandedOver,
    Helper,
    Mistaken,
    Outcome,
    Present,
    Released,
    Served,
    Serving,
    Take,
    Taken,
    decide,
    first,
)
from shopbell_server.db.engine import open_engine
from shopbell_server.ports.database import DatabaseBusyError, DatabaseRefusedError
from tests.rigs.postgres import as_superuser
from tests.server.db.rows import ANNA, add_store, enrol, entry, visit

if TYPE_CHECKING:
    from shopbell_server.core.serving.engagement import State
    from shopbell_server.db.unit_of_work import SqlDatabase
    from shopbell_server.ports.database import Database

V = VisitId("visit-1")
SAM = Helper(staff=StaffId("sam"), role="advisor")
MO = Helper(staff=StaffId("mo"), role="manager")
AT = Millis(5_000)

STATES: list[State] = [
    Present(),
    Taken(by=SAM, since_ms=AT, touched_ms=Millis(6_000)),
    Serving(by=MO, since_ms=AT, touched_ms=Millis(7_000)),
    *(Served(outcome=each, at_ms=AT) for each in Outcome),
    HandedOver(at_ms=AT),
    Released(at_ms=AT),
    Mistaken(at_ms=AT),
]


def furnish(database: Database) -> Database:
    with database.begin() as work:
        add_store(work)
        enrol(work)
        work.ledger.append([entry()])
        work.visits.put([visit(V)])
        work.commit()
    return database


@pytest.fixture
def shop(database: Database) -> Database:
    return furnish(database)


def put(database: Database, engagement: Engagement, expected: int) -> bool:
    with database.begin() as work:
        done = work.engagements.put(engagement, expected)
        work.commit()
    return done


def stored(database: Database) -> Engagement | None:
    with database.read() as work:
        return work.engagements.of([V, VisitId("another")]).get(V)


@pytest.mark.parametrize("state", STATES, ids=repr)
@pytest.mark.parametrize("asked_ms", [None, Millis(4_000)])
def test_it_comes_back_as_it_was_written(
    shop: Database, state: State, asked_ms: Millis | None
) -> None:
    assert stored(shop) is None
    began = Engagement(visit=V, version=1, state=state, asked_ms=asked_ms)
    assert put(shop, began, 0)
    assert stored(shop) == began
    for version, each in enumerate(STATES, 2):
        then = Engagement(visit=V, version=version, state=each)
        assert put(shop, then, version - 1)
        assert stored(shop) == then


@pytest.mark.parametrize("expected", [0, 1, 3])
def test_who_read_another_version_writes_nothing(shop: Database, expected: int) -> None:
    began = Engagement(visit=V, version=1, state=Present(), asked_ms=AT)
    second = Engagement(visit=V, version=2, state=STATES[1])
    assert put(shop, began, 0)
    assert put(shop, second, 1)
    assert not put(shop, replace(began, version=expected + 1), expected)
    assert stored(shop) == second


def test_nobody_is_helped_in_a_visit_that_is_not_there(database: Database) -> None:
    with database.begin() as work, pytest.raises(DatabaseRefusedError):
        work.engagements.put(Engagement(visit=V, version=1, state=Present()), 0)


def test_it_goes_with_its_visit_and_stays_when_that_changes(shop: Database) -> None:
    assert put(shop, Engagement(visit=V, version=1, state=Present(), asked_ms=AT), 0)
    with shop.begin() as work:
        work.visits.put([visit(V, end_ms=3_000)])
        work.commit()
    assert stored(shop) is not None
    with shop.begin() as work:
        work.visits.remove([V])
        work.commit()
    assert stored(shop) is None


def test_it_goes_with_her(shop: Database) -> None:
    assert put(shop, Engagement(visit=V, version=1, state=STATES[1]), 0)
    with shop.begin() as work:
        assert work.erasures.remove_rows(ANNA)["engagements"] == 1
        work.commit()
    assert stored(shop) is None


def test_of_two_who_take_her_at_once_one_has_her(shop: Database) -> None:
    for _ in range(8):
        ready = Barrier(2)
        before = stored(shop) or first(V)
        with ThreadPoolExecutor(2) as pool:
            racing = [pool.submit(_takes, shop, ready, before, by) for by in (SAM, MO)]
            won = [each.result() for each in racing]
        assert sorted(won) == [False, True]
        now = stored(shop)
        assert now is not None
        assert isinstance(now.state, Taken)
        assert now.state.by == (SAM if won[0] else MO)
        released = Engagement(visit=V, version=now.version + 1, state=Released(at_ms=AT))
        assert put(shop, released, now.version)


def _takes(database: Database, ready: Barrier, before: Engagement, by: Helper) -> bool:
    taken = decide(before, Take(), by, AT)
    assert isinstance(taken, Engagement)
    ready.wait(30)
    for _ in range(50):
        try:
            return put(database, taken, before.version)
        except DatabaseBusyError:
            continue
    raise AssertionError("busy for ever")


def test_the_name_of_who_helped_goes_when_it_is_of_no_use(shop: Database) -> None:
    touched_ms = 6_000
    assert put(shop, Engagement(visit=V, version=1, state=STATES[1]), 0)
    with shop.begin() as work:
        assert work.retention.remove(What.HELPERS, Millis(touched_ms), 9) == {}
        assert work.retention.remove(What.HELPERS, Millis(touched_ms + 1), 9) == {"engagements": 1}
        assert work.retention.remove(What.HELPERS, Millis(touched_ms + 1), 9) == {}
        work.commit()
    released = Released(at_ms=Millis(touched_ms + HELD_MS))
    assert stored(shop) == Engagement(visit=V, version=2, state=released)


def test_no_name_stays_beside_an_outcome(url: str, sql: SqlDatabase) -> None:
    furnish(sql)
    assert put(sql, Engagement(visit=V, version=1, state=STATES[3]), 0)
    engine = open_engine(as_superuser(url))
    with engine.connect() as connection, pytest.raises(Exception, match="held_by_staff"):
        connection.execute(text("UPDATE engagements SET staff = 'sam'"))
    engine.dispose()
