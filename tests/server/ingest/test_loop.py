"""Gather, take in, answer, whatever goes wrong on the way."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from shopbell_server.core.ids import Millis
from shopbell_server.ingest import loop
from shopbell_server.ingest.edges import Edges
from shopbell_server.ingest.loop import Ingest
from shopbell_server.ports.database import (
    DatabaseBusyError,
    DatabaseLostError,
    DatabaseRefusedError,
)
from shopbell_server.usecases.intake.take import Message
from shopbell_wire.messages import Refused, StreamStarted
from shopbell_wire.topics import Kind
from tests.fakes.server import MemoryDatabase
from tests.server.ingest.pieces import Bells, FailingDatabase, Post, StandingClock, incoming
from tests.server.usecases.floor import EDGES, FAR_EDGE, NOW, OTHER_STORE, STORE, Floor, batch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopbell_server.ingest.waiting import Incoming
    from shopbell_server.ports.batches import BatchRecord
    from shopbell_wire.messages import Ack

STARTED = StreamStarted(previous=None, previous_last_seq=None, software="0.1.0")


@pytest.fixture
def floor() -> Floor:
    return Floor(MemoryDatabase())


def run(floor: Floor, *groups: Sequence[Incoming], stop: threading.Event | None = None) -> Post:
    stop = stop or threading.Event()
    post = Post(stop, *groups)
    bells = Bells()
    Ingest(
        subscriber=post,
        intake=floor.intake,
        edges=Edges(),
        announcer=bells,
        clock=StandingClock(),
        most=64,
        wait_s=0.02,
    ).run(stop)
    post.answers.sort(key=lambda each: each[1].refused != ())
    return post


def committed(post: Post) -> set[int]:
    return {
        seq
        for _, ack in post.answers
        for low, high in ack.committed
        for seq in range(low, high + 1)
    }


def refused(post: Post) -> list[Refused]:
    return [each for _, ack in post.answers for each in ack.refused]


def failing(floor: Floor, *poison: int, error: type[Exception] = KeyError) -> list[int]:
    """Have `floor` fail on batches of these numbers; return the sizes of the groups that were tried."""
    tried: list[int] = []

    def fails(records: Sequence[BatchRecord]) -> None:
        tried.append(len(records))
        if any(record.key.seq in poison for record in records):
            raise error("ada and her token 0123456789abcdef")

    break_intake(floor, fails)
    return tried


def break_intake(floor: Floor, fails: Callable[[Sequence[BatchRecord]], None]) -> None:
    whole = floor.database
    floor.database = FailingDatabase(whole, fails)
    floor.intake = floor.worker()
    floor.database = whole


def test_what_comes_is_taken_answered_and_done_with(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    group = [incoming(batch(floor.presence(ada))), incoming(batch(STARTED, seq=2), Kind.BACKLOG)]
    post = run(floor, group, [])
    assert committed(post) == {1, 2}
    assert post.finished == group
    assert floor.visits(ada)[0].store == STORE


def test_what_is_no_batch_is_passed_over_and_done_with(floor: Floor) -> None:
    message = batch(STARTED)
    group = [
        incoming(message, retained=True),
        incoming(message, Kind.ACK),
        incoming(Message(edge=message.edge, payload=b"not a status"), Kind.STATUS),
        replace(incoming(message), topic="shopbell/v1/acme/_board/ams-01"),
        replace(incoming(message), topic="something/else"),
    ]
    before = floor.rows()
    post = run(floor, group)
    assert post.answers == []
    assert post.finished == group
    assert floor.rows() == before


@pytest.mark.parametrize("error", [KeyError, ZeroDivisionError, DatabaseRefusedError])
def test_a_batch_that_breaks_the_program_stops_no_other(
    floor: Floor, error: type[Exception]
) -> None:
    tried = failing(floor, 7, error=error)
    group = [incoming(batch(STARTED, seq=seq)) for seq in range(1, 17)]
    with capture_logs() as logs:
        post = run(floor, group)
    assert committed(post) == set(range(1, 17)) - {7}
    assert refused(post) == [Refused(seq=7, index=None, reason="internal_error")]
    assert post.finished == group
    assert tried == [16, 8, 4, 4, 2, 2, 1, 1, 8], "halves, in their order"
    quarantined = floor.rows().split("quarantined")[1]
    assert "internal_error" in quarantined
    failures = [entry for entry in logs if entry["event"] == "batches_failed"]
    assert [entry["count"] for entry in failures] == [16, 8, 4, 2, 1]
    assert {entry["error"] for entry in failures} == {error.__qualname__}
    assert all(entry["place"].startswith("take.py:") for entry in failures)
    assert "ada" not in str(logs)
    assert "0123456789abcdef" not in str(logs)


def test_every_batch_may_break_it_and_none_is_lost(floor: Floor) -> None:
    failing(floor, 1, 2, 3)
    post = run(floor, [incoming(batch(STARTED, seq=seq)) for seq in (1, 2, 3)])
    assert [each.seq for each in refused(post)] == [1, 2, 3]
    assert floor.rows().count("internal_error") == 3


def test_a_batch_set_aside_can_be_taken_when_the_fault_is_mended(floor: Floor) -> None:
    whole = floor.intake
    failing(floor, 1)
    run(floor, [incoming(batch(STARTED))])
    floor.intake = whole
    assert committed(run(floor, [incoming(batch(STARTED))])) == {1}


def test_busy_is_tried_again(floor: Floor) -> None:
    left = [DatabaseBusyError("busy")] * (loop.BUSY_ATTEMPTS - 1)

    def fails(_: Sequence[BatchRecord]) -> None:
        if left:
            raise left.pop()

    break_intake(floor, fails)
    assert committed(run(floor, [incoming(batch(STARTED))])) == {1}


def test_busy_for_too_long_gets_no_answer_so_that_the_edge_keeps_it(floor: Floor) -> None:
    failing(floor, 2, error=DatabaseBusyError)
    post = run(floor, [incoming(batch(STARTED, seq=seq)) for seq in (1, 2)])
    assert committed(post) == {1}
    assert refused(post) == []
    assert len(post.finished) == 2, "the broker need not keep what the edge keeps"


def test_a_database_that_is_away_is_waited_for_and_stop_ends_the_waiting(floor: Floor) -> None:
    stop = threading.Event()
    asked: list[int] = []

    def fails(_: Sequence[BatchRecord]) -> None:
        asked.append(1)
        stop.set()
        raise DatabaseLostError("PostgreSQL does not answer")

    break_intake(floor, fails)
    with capture_logs() as logs:
        post = run(floor, [incoming(batch(STARTED))], stop=stop)
    assert (post.answers, post.finished, asked) == ([], [], [1])
    assert [entry["event"] for entry in logs] == ["database_lost"]


def test_a_database_that_cannot_even_set_aside_ends_the_process(floor: Floor) -> None:
    """Nothing was answered: whoever starts it again gets everything again."""

    class Broken(MemoryDatabase):
        def begin(self) -> NoReturn:
            raise ZeroDivisionError

    floor.database = Broken()
    floor.intake = floor.worker()
    with pytest.raises(ZeroDivisionError):
        run(floor, [incoming(batch(STARTED))])


def test_results_are_counted(floor: Floor) -> None:
    def counted(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, labels) or 0.0

    ada = floor.enrol("ada", 1)
    before = counted("shopbell_batches_total", result="repeated")
    recognised = counted("shopbell_events_total", kind="recognised")
    message = incoming(batch(floor.presence(ada)))
    run(floor, [message, message])
    assert counted("shopbell_batches_total", result="repeated") == before + 1
    assert counted("shopbell_events_total", kind="recognised") == recognised + 1


def test_that_somebody_is_in_two_stores_is_told_without_who(floor: Floor) -> None:
    anna = floor.enrol("anna", 1)
    said = [batch(floor.presence(anna), edge=edge) for edge in (EDGES[0], FAR_EDGE)]
    before = REGISTRY.get_sample_value("shopbell_conflicts_total") or 0
    with capture_logs() as logs:
        run(floor, [incoming(each) for each in said])
    assert REGISTRY.get_sample_value("shopbell_conflicts_total") == before + 1
    (told,) = (each for each in logs if each["event"] == "two_stores_at_once")
    assert told == {
        "event": "two_stores_at_once",
        "log_level": "warning",
        "store": STORE,
        "other": OTHER_STORE,
    }


def test_an_alarm_is_told(floor: Floor) -> None:
    with capture_logs() as logs:
        run(floor, [incoming(batch(STARTED, edge="stranger"))])
    assert {"event": "edge_alarm", "edge": "stranger", "reason": "unknown_edge"}.items() <= logs[
        0
    ].items()


def test_intake_moments_are_of_the_clock(floor: Floor) -> None:
    post = run(floor, [incoming(batch(STARTED))])
    answers: list[tuple[str, Ack]] = post.answers
    assert [(edge, ack.server_ms) for edge, ack in answers] == [(EDGES[0], Millis(NOW))]
