"""Whether what is old is found by an index: it is asked for every hour, and most of it is young."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from shopbell_server.core.ids import Millis
from shopbell_server.core.keeping.retention import What
from shopbell_server.db.engine import open_engine, writing
from shopbell_server.db.transaction import Transaction
from shopbell_server.db.unit_of_work import SqlUnitOfWork
from tests.server.conftest import TENANT
from tests.server.db.rows import ANNA, STORE

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Connection, Engine

    from shopbell_server.ports.database import UnitOfWork

MOMENT = Millis(1)

OLD = sorted(frozenset(What) - {What.ZONES, What.VISITS, What.MACHINES, What.OBSERVATIONS})
"""Machines are few, and are looked through. Observations go by partitions (`test_observations`)."""

QUESTIONS: dict[str, Callable[[UnitOfWork], object]] = {
    "told": lambda work: work.told.of(ANNA),
    "untold": lambda work: work.told.forget(ANNA),
    "visits": lambda work: work.retention.ended_before(STORE, MOMENT, 9),
    "visits with zones": lambda work: work.retention.ended_within(
        STORE, MOMENT, MOMENT, after=None, most=9
    ),
    "zones": lambda work: work.retention.clear_zones(STORE, MOMENT, MOMENT, 9),
    "evidence": lambda work: work.retention.remove_evidence(STORE, MOMENT, 9),
}


def old(what: What) -> Callable[[UnitOfWork], object]:
    return lambda work: work.retention.remove(what, MOMENT, 9)


@pytest.mark.parametrize("question", [*QUESTIONS, *(f"old {what}" for what in OLD)])
def test_sqlite_searches_for_what_is_old(sqlite_url: str, question: str) -> None:
    engine = open_engine(sqlite_url)
    for statement, parameters in asked(engine, question):
        with engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps = [str(step[3]) for step in plan]
        assert any(step.startswith("SEARCH") for step in steps), steps
        # `old` is what was found: a piece.
        assert not [s for s in steps if re.search(r"SCAN (?!old$)|\(tenant=\?\)", s)], steps
    engine.dispose()


@pytest.mark.parametrize("question", [*QUESTIONS, *(f"old {what}" for what in OLD)])
def test_postgresql_searches_for_what_is_old(postgres_url: str, question: str) -> None:
    engine = open_engine(postgres_url, tenant=TENANT)
    for statement, parameters in asked(engine, question):
        with engine.connect() as connection:
            # Tables without rows would be read whole, with indexes or without.
            connection.exec_driver_sql("SET enable_seqscan = off")
            steps = planned(connection, statement, parameters)
        conditions = [step for step in steps if step.startswith("Index Cond")]
        # What is found is removed by its keys; of few rows PostgreSQL compares all for that (see below).
        assert [each for each in conditions if not re.fullmatch(_BY_TENANT_ALONE, each)], steps
        assert not [step for step in steps if "Seq Scan" in step], steps
    engine.dispose()


def test_postgresql_removes_what_it_found_by_its_keys_where_there_are_many(
    postgres_url: str,
) -> None:
    engine = open_engine(postgres_url, tenant=TENANT)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO told (tenant, person, sink, fact, kind, at_ms, delivered, answer)"
            " SELECT 'acme', 'p' || mod(i, 1000), 'crm', 'f' || i, 'visit', i, true, '200'"
            " FROM generate_series(1, 20000) i"
        )
    with engine.connect() as connection:
        now = connection.execution_options(isolation_level="AUTOCOMMIT")
        now.exec_driver_sql("ANALYZE told")
    ((statement, parameters),) = asked(engine, "old told")
    with engine.connect() as connection:
        steps = planned(connection, statement, parameters)
    engine.dispose()
    conditions = [step for step in steps if step.startswith("Index Cond")]
    assert len(conditions) == 2, steps
    assert not [each for each in conditions if re.fullmatch(_BY_TENANT_ALONE, each)], steps
    assert not [step for step in steps if "Seq Scan" in step], steps


_BY_TENANT_ALONE = r"Index Cond: \(tenant = [^()]*\)"


def planned(connection: Connection, statement: str, parameters: Any) -> list[str]:
    """Return the steps by which PostgreSQL would do it."""
    plan = connection.exec_driver_sql(f"EXPLAIN (COSTS OFF) {statement}", parameters)
    return [str(step[0]).strip() for step in plan]


def asked(engine: Engine, question: str) -> list[tuple[str, Any]]:
    """Return what is executed for a question, with its parameters."""
    found: list[tuple[str, Any]] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(*given: Any) -> None:
        statement, parameters = given[2:4]
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            found.append((statement, parameters))

    with SqlUnitOfWork(Transaction(writing(engine), TENANT)) as work:
        (QUESTIONS.get(question) or old(What(question.removeprefix("old "))))(work)
    event.remove(engine, "before_cursor_execute", note)
    assert found
    return found
