"""Whether what is old is found by an index: it is asked for every hour, and most of it is young."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from shopbell_server.core.ids import Millis
from shopbell_server.core.retention import What
from shopbell_server.db.engine import open_engine, writing
from shopbell_server.db.transaction import Transaction
from shopbell_server.db.unit_of_work import SqlUnitOfWork
from tests.server.db.conftest import TENANT
from tests.server.db.rows import ANNA, STORE

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Engine

    from shopbell_server.ports.database import UnitOfWork

MOMENT = Millis(1)

OLD = sorted(frozenset(What) - {What.ZONES, What.VISITS, What.MACHINES})
"""Machines are few, and are looked through."""

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
        assert not [step for step in steps if re.search(r"SCAN|\(tenant=\?\)", step)], steps
    engine.dispose()


@pytest.mark.parametrize("question", [*QUESTIONS, *(f"old {what}" for what in OLD)])
def test_postgresql_searches_for_what_is_old(postgres_url: str, question: str) -> None:
    engine = open_engine(postgres_url, tenant=TENANT)
    for statement, parameters in asked(engine, question):
        with engine.connect() as connection:
            # Tables without rows would be read whole, with indexes or without.
            connection.exec_driver_sql("SET enable_seqscan = off")
            plan = connection.exec_driver_sql(f"EXPLAIN (COSTS OFF) {statement}", parameters)
            steps = [str(step[0]).strip() for step in plan]
        conditions = [step for step in steps if step.startswith("Index Cond")]
        assert conditions, steps
        assert not [each for each in conditions if re.fullmatch(_BY_TENANT_ALONE, each)], steps
        assert not [step for step in steps if "Seq Scan" in step], steps
    engine.dispose()


_BY_TENANT_ALONE = r"Index Cond: \(tenant = [^()]*\)"


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
