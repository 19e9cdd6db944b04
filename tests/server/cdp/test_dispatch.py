from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from prometheus_client import REGISTRY

from shopbell_server.cdp.dispatch import BUSY_TRIES, LONGEST_REST_S, LOOK_MS, Dispatch
from shopbell_server.core.ids import Millis
from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.ports.sinks import Outcome
from tests.fakes.flaky import FlakyDatabase
from tests.fakes.server import MemoryDatabase
from tests.fakes.sink import FakeSink, failed
from tests.rigs.webhook_receiver import Answer, WebhookReceiver
from tests.server.cdp.receiving import webhook
from tests.server.told import (
    ADA,
    BOB,
    MINUTE_MS,
    NOON_MS,
    correspondence,
    enrol,
    event_of,
    fact_id,
    queue,
    scan,
    waiting,
    withdraw,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_server.ports.database import Database
    from shopbell_server.ports.sinks import Sink

GONE = Outcome(kind="gone", reason="HTTP 410")
REFUSED = Outcome(kind="refused", reason="HTTP 400")
_names = itertools.count()


class SetClock:
    """Stands at noon until told."""

    def __init__(self) -> None:
        self.ms = int(NOON_MS)

    def now_ms(self) -> Millis:
        return Millis(self.ms)


class Post:
    """A sink, its queue, and what delivers from one to the other."""

    def __init__(self, sink: Sink, database: Database | None = None) -> None:
        self.database = database or MemoryDatabase()
        self.clock = SetClock()
        self.stop = threading.Event()
        self.dispatch = Dispatch(
            database=self.database,
            sink=sink,
            to=correspondence(sink.name),
            clock=self.clock,
            chance=lambda: 0.0,
        )
        self.name = sink.name

    def queue(self, *numbers: int) -> None:
        queue(self.database, *(scan(number) for number in numbers), sinks=(self.name,))

    def all(self) -> int:
        """Deliver until nothing is due; return in how many rounds."""
        rounds = 0
        while self.dispatch.once(self.stop):
            rounds += 1
        return rounds

    def count(self, result: str) -> float:
        labels = {"sink": self.name, "result": result}
        return REGISTRY.get_sample_value("shopbell_delivery_total", labels) or 0.0

    def gauge(self, name: str) -> float | None:
        return REGISTRY.get_sample_value(name, {"sink": self.name})


@pytest.fixture
def sink() -> FakeSink:
    # A name of its own: what is counted is counted for the whole process.
    return FakeSink(f"sink-{next(_names)}")


@pytest.fixture
def post(sink: FakeSink) -> Post:
    made = Post(sink)
    enrol(made.database, ADA)
    return made


@contextmanager
def running(*posts: Post) -> Iterator[None]:
    """Run each in a thread of its own; stop them all in good order."""
    with ThreadPoolExecutor(len(posts)) as threads:
        runs = [threads.submit(post.dispatch.run, post.stop) for post in posts]
        try:
            yield
        finally:
            for post in posts:
                post.stop.set()
                post.dispatch.wake()
        for run in runs:
            run.result()


def test_what_is_due_is_delivered_in_her_order(post: Post, sink: FakeSink) -> None:
    post.queue(1, 2, 3)
    assert post.all() == 3
    assert [each.event for each in sink.taken] == [fact_id(1), fact_id(2), fact_id(3)]
    assert waiting(post.database, post.name) == 0
    assert post.count("delivered") == 3


def test_no_more_than_the_sink_takes_together() -> None:
    sink = FakeSink("narrow", at_once=2)
    post = Post(sink)
    people = [ADA, BOB, *(type(ADA)(f"person-{number}") for number in range(3))]
    for number, person in enumerate(people, start=1):
        enrol(post.database, person, number=number)
        queue(post.database, scan(number, person), sinks=("narrow",))
    assert post.all() == 3
    assert len(sink.taken) == 5


def test_order_holds_while_deliveries_fail(post: Post, sink: FakeSink) -> None:
    enrol(post.database, BOB, number=2)
    post.queue(1, 2, 3)
    queue(post.database, scan(11, BOB), scan(12, BOB), sinks=(post.name,))
    sink.outcomes += [failed(), failed(), failed()]
    while waiting(post.database, post.name):
        post.all()
        post.clock.ms += MINUTE_MS * 10
    taken = [each.event for each in sink.taken]
    assert [each for each in taken if each < fact_id(10)] == [fact_id(n) for n in (1, 2, 3)]
    assert [each for each in taken if each > fact_id(10)] == [fact_id(n) for n in (11, 12)]
    assert post.count("retry") == 3


def test_what_consent_does_not_cover_any_more_is_counted_and_not_sent(
    post: Post, sink: FakeSink
) -> None:
    post.queue(1, 2)
    withdraw(post.database, ADA, NOON_MS)
    post.all()
    assert sink.offered == []
    assert post.count("withheld") == 2
    assert waiting(post.database, post.name) == 0


def test_a_dead_letter_is_counted(post: Post, sink: FakeSink) -> None:
    post.queue(1)
    sink.outcomes.append(REFUSED)
    post.all()
    assert post.count("dead") == 1


def test_a_sink_that_is_gone_is_left_alone(post: Post, sink: FakeSink) -> None:
    post.queue(1, 2)
    sink.outcomes.append(GONE)
    assert post.all() == 1
    assert post.dispatch.off
    post.clock.ms += MINUTE_MS
    assert post.all() == 0
    assert len(sink.offered) == 1
    assert waiting(post.database, post.name) == 2
    assert post.gauge("shopbell_delivery_off") == 1


def test_a_server_that_starts_anew_tries_a_sink_that_was_gone(post: Post, sink: FakeSink) -> None:
    post.queue(1, 2)
    sink.outcomes.append(GONE)
    post.all()
    again = Post(sink, post.database)
    again.all()
    assert [each.event for each in sink.taken] == [fact_id(1), fact_id(2)]


def test_a_sink_that_asks_for_rest_gets_it(post: Post, sink: FakeSink) -> None:
    enrol(post.database, BOB, number=2)
    post.queue(1)
    sink.outcomes.append(failed(retry_after_s=60.0))
    post.all()
    queue(post.database, scan(2, BOB), sinks=(post.name,))
    post.clock.ms += MINUTE_MS - 1
    assert post.all() == 0
    post.clock.ms += 1
    post.all()
    assert len(sink.taken) == 2


def test_a_sink_that_asks_for_days_is_asked_every_hour(post: Post, sink: FakeSink) -> None:
    enrol(post.database, BOB, number=2)
    post.queue(1)
    sink.outcomes.append(failed(retry_after_s=1e9))
    post.all()
    queue(post.database, scan(2, BOB), sinks=(post.name,))
    post.clock.ms += round(LONGEST_REST_S * 1000)
    post.all()
    assert [each.event for each in sink.taken] == [fact_id(2)]


def test_a_clock_that_is_set_back_makes_no_rest_longer(post: Post, sink: FakeSink) -> None:
    enrol(post.database, BOB, number=2)
    post.clock.ms += 120 * MINUTE_MS
    post.queue(1)
    sink.outcomes.append(failed(retry_after_s=60.0))
    post.all()
    queue(post.database, scan(2, BOB), sinks=(post.name,))
    assert post.all() == 0
    post.clock.ms -= 60 * MINUTE_MS
    post.all()
    assert [each.event for each in sink.taken] == [fact_id(2)]


def test_how_much_waits_and_how_long_is_measured_now_and_then(post: Post, sink: FakeSink) -> None:
    post.queue(1)
    sink.outcomes.append(failed())
    post.all()
    assert post.gauge("shopbell_delivery_lag_seconds") == 60.0
    assert post.gauge("shopbell_delivery_waiting") == 1.0
    post.clock.ms += LOOK_MS
    post.all()
    assert post.gauge("shopbell_delivery_lag_seconds") == 70.0
    post.clock.ms += LOOK_MS
    post.all()
    assert post.gauge("shopbell_delivery_lag_seconds") == 0.0


# ------------------------------------------------------------------ a database that is away


def test_a_database_that_is_in_the_way_is_asked_again(sink: FakeSink) -> None:
    flaky = FlakyDatabase(MemoryDatabase())
    post = Post(sink, flaky)
    enrol(flaky, ADA)
    post.queue(1)
    flaky.failures += [DatabaseBusyError("busy")] * 3
    assert post.dispatch.once(post.stop)
    assert waiting(flaky, post.name) == 0


def test_a_database_that_is_always_in_the_way_is_a_fault(sink: FakeSink) -> None:
    flaky = FlakyDatabase(MemoryDatabase())
    post = Post(sink, flaky)
    flaky.failures += [DatabaseBusyError("busy")] * BUSY_TRIES
    with pytest.raises(DatabaseBusyError):
        post.dispatch.once(post.stop)


def test_a_database_that_is_away_is_waited_for_unless_told_to_stop(sink: FakeSink) -> None:
    flaky = FlakyDatabase(MemoryDatabase())
    post = Post(sink, flaky)
    enrol(flaky, ADA)
    post.queue(1)
    flaky.failures += [DatabaseLostError("away")] * 2
    post.stop.set()
    assert not post.dispatch.once(post.stop)
    post.stop.clear()
    assert post.dispatch.once(post.stop)
    assert len(sink.taken) == 1


def test_what_could_not_be_noted_is_sent_again(sink: FakeSink) -> None:
    flaky = FlakyDatabase(MemoryDatabase())
    post = Post(sink, flaky)
    enrol(flaky, ADA)
    post.queue(1)
    sink.hold()
    with ThreadPoolExecutor(1) as thread:
        once = thread.submit(post.dispatch.once, post.stop)
        sink.until("offered", lambda: len(sink.offered) == 1)
        # Told to stop while the database is away: as a crash, but in good order.
        flaky.failures.append(DatabaseLostError("away"))
        post.stop.set()
        sink.let_go()
        assert once.result()
    post.clock.ms += MINUTE_MS
    post.all()
    assert [each.event for each in sink.taken] == [fact_id(1)] * 2
    assert sink.taken[0] == sink.taken[1]


# ------------------------------------------------------------------ in its thread


def test_waking_delivers_at_once_and_stopping_stops(post: Post, sink: FakeSink) -> None:
    with running(post):
        post.queue(1)
        post.dispatch.wake()
        sink.until("delivered", lambda: len(sink.taken) == 1)


def test_what_nobody_announced_is_found(post: Post, sink: FakeSink) -> None:
    with running(post):
        post.queue(1)
        sink.until("found by looking", lambda: len(sink.taken) == 1)


def test_a_slow_sink_delays_nobody_else(post: Post, sink: FakeSink) -> None:
    slow = FakeSink(f"slow-{next(_names)}")
    slow.hold()
    slow_post = Post(slow, post.database)
    queue(post.database, *(scan(number) for number in range(5)), sinks=(sink.name, slow.name))
    with running(post, slow_post):
        slow.until("the slow one is at it", lambda: len(slow.offered) == 1)
        sink.until("all delivered", lambda: len(sink.taken) == 5)
        assert slow.taken == []
        slow.let_go()


# ------------------------------------------------------------------ to a real receiver


def test_to_a_real_receiver_through_everything_it_answers() -> None:
    with WebhookReceiver() as receiver:
        sink = webhook(receiver)
        post = Post(sink)
        enrol(post.database, ADA)
        post.queue(*range(1, 7))
        receiver.answers += [
            Answer(),
            Answer(status=500),
            Answer(hangs_up=True),
            Answer(),
            Answer(status=400),
            Answer(status=429, headers={"retry-after": "120"}),
            Answer(),
            Answer(status=302, headers={"location": receiver.url}),
            Answer(),
        ]
        while waiting(post.database, post.name):
            post.all()
            post.clock.ms += MINUTE_MS * 10
        sink.close()
    expected = [1, 2, 2, 2, 3, 4, 4, 5, 5, 6]
    assert receiver.ids == [fact_id(number) for number in expected]
    sequences = [str(each.event["sequence"]) for each in receiver.received]
    assert sequences == sorted(sequences)
    assert receiver.refused == []


def test_the_event_is_the_same_at_every_sink_but_for_whom_it_names(
    post: Post, sink: FakeSink
) -> None:
    other = FakeSink(f"other-{next(_names)}")
    queue(post.database, scan(1), sinks=(sink.name, other.name))
    post.all()
    Post(other, post.database).all()
    assert event_of(sink.taken[0]) == event_of(other.taken[0])
