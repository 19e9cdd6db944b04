from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopbell_server.core.edges.orders import Answer, Ordered, joined
from shopbell_server.core.ids import EdgeId, Millis
from shopbell_server.core.registry import Edge
from shopbell_server.ports.database import DatabaseBusyError, DatabaseRefusedError
from shopbell_server.ports.orders import Answered, Examined
from shopbell_wire.messages import Finding
from shopbell_wire.orders import (
    Configure,
    Identify,
    RestartScanner,
    RotateIdentity,
    SendDiagnostics,
    Task,
)
from tests.server.db.rows import EDGE, STORE, add_store

if TYPE_CHECKING:
    from shopbell_server.ports.database import Database, UnitOfWork

OTHER = EdgeId("edge-2")
FOUND = (Finding(check="clock", verdict="WARN", found="late", remedy="let it reach a server"),)


def ordered(number: int = 1, task: Task | None = None, **changes: Any) -> Ordered:
    plain: dict[str, Any] = {
        "edge": EDGE,
        "number": number,
        "task": task or Identify(for_s=30),
        "issued_ms": Millis(1_000),
        "expires_ms": Millis(301_000),
        "by": "sam",
    }
    return Ordered(**(plain | changes))


def said(result: Any, at_ms: int = 5, reason: str = "why") -> Answer:
    return Answer(result=result, reason=reason, at_ms=Millis(at_ms))


def add_edges(work: UnitOfWork) -> None:
    add_store(work)
    for edge in (EDGE, OTHER):
        work.registry.put_edge(Edge(id=edge, store=STORE, active=True, zones={}))


@pytest.fixture
def ordering(work: UnitOfWork) -> UnitOfWork:
    add_edges(work)
    return work


@pytest.mark.parametrize(
    "task",
    [
        Configure(settings={"presence": {"leave_s": 200.5}, "scanners": {"hci0": {}}}),
        RestartScanner(scanner="hci0"),
        SendDiagnostics(),
        Identify(for_s=9),
        RotateIdentity(),
    ],
    ids=lambda task: type(task).__name__,
)
def test_an_order_comes_back_whole(ordering: UnitOfWork, task: Task) -> None:
    answered = ordered(2, task, answer=said("done"), findings=FOUND)
    ordering.orders.add(ordered(1, task))
    ordering.orders.add(answered)
    assert ordering.orders.get(EDGE, 1) == ordered(1, task)
    assert ordering.orders.get(EDGE, 2) == answered
    assert ordering.orders.get(OTHER, 1) is None


def test_a_number_of_an_edge_is_given_once(database: Database) -> None:
    with database.begin() as work:
        add_edges(work)
        work.orders.add(ordered())
        work.commit()
    with database.begin() as work, pytest.raises(DatabaseBusyError):
        work.orders.add(ordered(by="jo"))
    with database.begin() as work:
        work.orders.add(ordered(edge=OTHER))
        work.commit()


def test_an_edge_that_is_not_there_cannot_be_ordered_anything(work: UnitOfWork) -> None:
    with pytest.raises(DatabaseRefusedError):
        work.orders.add(ordered())


def test_the_latest_come_first_and_numbers_are_by_edge(ordering: UnitOfWork) -> None:
    assert ordering.orders.last_number(EDGE) == 0
    for number in (1, 7, 9):
        ordering.orders.add(ordered(number))
    ordering.orders.add(ordered(3, edge=OTHER))
    assert [each.number for each in ordering.orders.of(EDGE, 2)] == [9, 7]
    assert (ordering.orders.last_number(EDGE), ordering.orders.last_number(OTHER)) == (9, 3)
    latest = ordering.orders.latest()
    assert {edge: each.number for edge, each in latest.items()} == {EDGE: 9, OTHER: 3}


def test_an_answer_is_joined_to_its_order_and_to_no_other(ordering: UnitOfWork) -> None:
    ordering.orders.add(ordered(1))
    ordering.orders.add(ordered(2))
    ordering.orders.answer(
        [
            Answered(edge=EDGE, number=2, answer=said("done")),
            Answered(edge=EDGE, number=8, answer=said("done")),
            Answered(edge=OTHER, number=1, answer=said("failed")),
        ]
    )
    assert ordering.orders.get(EDGE, 1) == ordered(1)
    assert ordering.orders.get(EDGE, 2) == replace(ordered(2), answer=said("done"))


answers = st.builds(
    said,
    st.sampled_from(["done", "refused", "failed"]),
    st.integers(1, 3),
    st.sampled_from(["a", "b"]),
)


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(answers, min_size=1, max_size=5))
def test_every_database_joins_answers_as_the_core_does(
    database: Database, given_answers: list[Answer]
) -> None:
    stands = None
    with database.begin() as work:
        add_edges(work)
        work.orders.add(ordered())
        for each in given_answers:
            work.orders.answer([Answered(edge=EDGE, number=1, answer=each)])
            stands = joined(stands, each)
        found = work.orders.get(EDGE, 1)
    assert found is not None
    assert found.answer == stands


def test_what_was_found_is_kept_once(ordering: UnitOfWork) -> None:
    ordering.orders.add(ordered(1, SendDiagnostics()))
    other = (replace_found(FOUND[0]),)
    ordering.orders.examine([Examined(edge=EDGE, number=1, findings=FOUND)])
    ordering.orders.examine([Examined(edge=EDGE, number=1, findings=other)])
    ordering.orders.examine([Examined(edge=EDGE, number=5, findings=other)])
    found = ordering.orders.get(EDGE, 1)
    assert found is not None
    assert found.findings == FOUND
    assert found.answer is None


def replace_found(finding: Finding) -> Finding:
    return Finding(check=finding.check, verdict="PASS", found="right")
