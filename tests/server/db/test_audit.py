from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shopbell_program.signing import Signer, Verifier
from shopbell_server.core.audit.chain import (
    KEPT_MS,
    Act,
    Actor,
    Checkpoint,
    What,
    checkpoint,
    first_head,
    linked,
)
from shopbell_server.core.audit.check import Trust, check
from shopbell_server.core.ids import Millis, PersonId, StoreId, TenantId
from shopbell_server.db.engine import open_engine
from tests.rigs.databases import open_sql
from tests.rigs.postgres import as_superuser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.db.unit_of_work import SqlDatabase
    from shopbell_server.ports.database import Database

ACME = TenantId("acme")
NOON = Millis(1_795_262_400_000)
OURS = Signer(bytes(range(32)))


def act(number: int, what: What = What.BOARD_READ) -> Act:
    return Act(
        at_ms=Millis(NOON + number),
        actor=Actor(kind="staff", name="sam", role="advisor", credential="1f"),
        what=what,
        person=PersonId(f"person-{number % 2}"),
        store=StoreId("ams"),
        about=f"visit-{number}",
        why="serve_in_store",
    )


def add(database: Database, *numbers: int) -> None:
    with database.begin() as work:
        work.audit.note([act(number) for number in numbers])
        work.commit()


def found(
    database: Database, checkpoints: Sequence[Checkpoint] = (), now_ms: int = NOON
) -> list[tuple[str, int]]:
    trust = Trust(
        tenant=ACME,
        checkpoints=checkpoints,
        is_signed=Verifier(OURS.public_key).verify,
        now_ms=Millis(now_ms),
    )
    with database.read() as work:
        head = work.audit.head()
        checked = check(head, lambda: work.audit.records(head.base), trust)
    return [(each.fault.value, each.number) for each in checked.findings]


def mark(database: Database, at_ms: int = NOON) -> Checkpoint:
    with database.read() as work:
        return checkpoint(ACME, work.audit.head(), Millis(at_ms), OURS.sign)


def test_what_was_done_is_there_in_its_order(database: Database) -> None:
    with database.read() as work:
        assert work.audit.head() == first_head(ACME)
    add(database, 1, 2)
    add(database, 3)
    expected = list(linked(first_head(ACME), [act(1), act(2), act(3)]))
    with database.read() as work:
        assert list(work.audit.records(0)) == expected
        assert list(work.audit.records(2)) == expected[2:]
        assert work.audit.head().number == 3
        assert work.audit.head().digest == expected[2].digest
        assert work.audit.digest(2) == expected[1].digest
        assert work.audit.digest(0) == first_head(ACME).digest
        assert work.audit.digest(4) is None
    assert found(database) == []


def test_what_is_not_committed_was_not_done(database: Database) -> None:
    with database.begin() as work:
        work.audit.note([act(1)])
    with database.read() as work:
        assert list(work.audit.records(0)) == []


def test_she_hears_of_looks_at_her_alone(database: Database) -> None:
    add(database, 1, 2, 3)
    with database.begin() as work:
        work.audit.note([act(5, What.CONSENT_CHANGED), act(7, What.VISIT_READ)])
        work.commit()
    with database.read() as work:
        looks = work.audit.looks_at(PersonId("person-1"))
    assert [each.act.about for each in looks] == ["visit-7", "visit-3", "visit-1"]


def test_the_beginning_goes_when_its_time_comes(database: Database) -> None:
    with database.read() as work:
        assert work.audit.older(NOON) == 0
    add(database, 1, 2, 3)
    signed = mark(database)
    add(database, 4)
    with database.begin() as work:
        assert work.audit.older(Millis(NOON + 3)) == 2
        assert work.audit.older(Millis(NOON + 9)) == 4
        with pytest.raises(LookupError):
            work.audit.cut(9)
        assert work.audit.cut(3) == 3
        assert work.audit.cut(3) == work.audit.cut(2) == 0
        assert [each.number for each in work.audit.records(0)] == [4]
        assert work.audit.digest(3) == signed.digest
        work.commit()
    assert found(database, [signed], NOON + KEPT_MS) == []
    assert found(database, [signed], NOON) == [("cut_short", 3)]
    add(database, 5)
    assert found(database, [signed], NOON + KEPT_MS) == []


def test_many_workers_make_one_chain(sql: SqlDatabase) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: add(sql, number, number), range(40)))
    assert found(sql) == []
    with sql.read() as work:
        assert work.audit.head().number == 80


def test_tenants_have_chains_of_their_own(url: str) -> None:
    for name in ("acme", "bolt"):
        database = open_sql(url, TenantId(name))
        add(database, 1)
        with database.read() as work:
            assert [each.number for each in work.audit.records(0)] == [1]
        database.close()


# ------------------------------------------------------------------ at the database's prompt


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_records SET actor_name = 'joe' WHERE number = 2",
        "DELETE FROM audit_records WHERE number = 2",
        "DELETE FROM audit_records",
        "UPDATE audit_heads SET number = 1",
        "UPDATE audit_heads SET base = -1",
        "DELETE FROM audit_heads",
    ],
)
def test_not_even_the_prompt_may(sql: SqlDatabase, url: str, statement: str) -> None:
    add(sql, 1, 2, 3)
    engine = open_engine(as_superuser(url))
    with engine.connect() as connection, pytest.raises(DBAPIError, match="only grows"):
        connection.execute(text(statement))
    engine.dispose()


@pytest.mark.parametrize("table", ["audit_records", "audit_heads"])
def test_it_cannot_be_truncated(postgres_url: str, table: str) -> None:
    engine = open_engine(as_superuser(postgres_url))
    with engine.connect() as connection, pytest.raises(DBAPIError, match="only grows"):
        connection.execute(text(f"TRUNCATE {table}"))
    engine.dispose()


def as_owner(url: str, *statements: str) -> None:
    """Do as somebody who owns the database, and so takes its triggers away first."""
    engine = open_engine(as_superuser(url))
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            names = connection.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%'")
            ).scalars()
            drops = [f"DROP TRIGGER {name}" for name in names]
        else:
            drops = [
                f"ALTER TABLE {table} DISABLE TRIGGER ALL"
                for table in ("audit_records", "audit_heads")
            ]
        for statement in (*drops, *statements):
            connection.execute(text(statement))
    engine.dispose()


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        pytest.param(
            ["UPDATE audit_records SET actor_name = 'joe' WHERE number = 3"],
            [("changed", 3)],
            id="changed",
        ),
        pytest.param(
            ["UPDATE audit_records SET what = 'nothing' WHERE number = 3"],
            [("changed", 3)],
            id="changed to what never was",
        ),
        pytest.param(
            ["DELETE FROM audit_records WHERE number = 3"], [("missing", 4)], id="deleted"
        ),
        pytest.param(
            [
                "UPDATE audit_records SET number = 99 WHERE number = 5",
                "UPDATE audit_records SET number = 5 WHERE number = 6",
                "UPDATE audit_records SET number = 6 WHERE number = 99",
            ],
            [("moved", 5), ("moved", 6)],
            id="re-ordered",
        ),
        pytest.param(
            ["DELETE FROM audit_records WHERE number > 3"], [("cut_off", 3)], id="truncated"
        ),
        pytest.param(
            [
                "DELETE FROM audit_records WHERE number > 3",
                (
                    "UPDATE audit_heads SET number = 3, digest = "
                    "(SELECT digest FROM audit_records WHERE number = 3)"
                ),
            ],
            [("cut_off", 3)],
            id="truncated with its head",
        ),
    ],
)
def test_what_the_owner_does_is_found(
    sql: SqlDatabase, url: str, statements: list[str], expected: list[tuple[str, int]]
) -> None:
    add(sql, 1, 2, 3, 4)
    signed = mark(sql)
    add(sql, 5, 6)
    assert found(sql, [signed]) == []
    as_owner(url, *statements)
    wrong = found(sql, [signed])
    assert [each for each in wrong if each[0] != "head"] == expected


def test_a_chain_that_the_owner_made_anew_is_found(sql: SqlDatabase, url: str) -> None:
    add(sql, 1, 2, 3, 4)
    signed = mark(sql)
    as_owner(url, "DELETE FROM audit_records", "DELETE FROM audit_heads")
    add(sql, 1, 2, 4, 4)
    assert found(sql) == []
    assert found(sql, [signed]) == [("rewritten", 4)]
