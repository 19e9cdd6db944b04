"""From the broker to the database and back: gather, take in, answer.

Owns: the thread that does so, its patience with a database that is away, and what it counts.
Never: what a batch means (`usecases.intake.take`).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

import structlog
from prometheus_client import Counter, Histogram

from shopbell_program.whereabouts import place_of
from shopbell_server.core.ids import EdgeId, Millis
from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.usecases.intake.take import Message
from shopbell_wire import codec, topics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from threading import Event

    from shopbell_server.ingest.edges import Edges
    from shopbell_server.ingest.waiting import Incoming
    from shopbell_server.ports.world import Announcer, ServerClock
    from shopbell_server.usecases.intake.take import Intake, Taken
    from shopbell_wire.messages import Ack

log = structlog.get_logger()

IDLE_S: Final = 0.5
"""How often the thread looks whether it shall end."""

AWAY_S: Final = 1.0
"""Between attempts while the database is away; the edges wait 30 s before they send again."""

BUSY_ATTEMPTS: Final = 20
"""Another worker is in the way for milliseconds. Each attempt waits up to 5 s for a lock, so this is a
minute or more: something holds the database. The batch gets no answer then, and comes again."""

BUSY_S: Final = 0.05
"""Between attempts after the first few, so that waiting is no work."""

_PATIENT_AFTER: Final = 3

_BATCHES = Counter("shopbell_batches", "Batches by what became of them.", ["result"])
_EVENTS = Counter("shopbell_events", "Events by what became of them.", ["kind"])
_CONFLICTS = Counter("shopbell_conflicts", "Visits of one person in two stores at once, as pairs.")
_TOOK = Histogram(
    "shopbell_ingest_seconds",
    "How long a group of batches takes, commit included.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
_LAG = Histogram(
    "shopbell_ingest_lag_seconds",
    "From the sealing of a batch at its edge until it is taken in.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600, 3600, 86400),
)


class Post(Protocol):
    """Where messages come from and answers go to (`subscriber.Subscriber`, `nats_line.NatsLine`)."""

    def gather(self, most: int, wait_s: float, idle_s: float) -> list[Incoming]:
        """Return up to `most` messages: those within `wait_s` of the first; none after `idle_s`."""
        ...

    def answer(self, edge: str, ack: Ack) -> None:
        """Tell an edge what is committed."""
        ...

    def done(self, messages: Sequence[Incoming]) -> None:
        """Let the broker forget `messages`."""
        ...


class Ingest:
    """Takes messages in until told to stop. One thread runs `run`."""

    def __init__(  # noqa: PLR0913  (what it connects, each by name)
        self,
        *,
        subscriber: Post,
        intake: Intake,
        edges: Edges,
        announcer: Announcer,
        clock: ServerClock,
        most: int,
        wait_s: float,
    ) -> None:
        self._subscriber = subscriber
        self._intake = intake
        self._edges = edges
        self._announcer = announcer
        self._clock = clock
        self._most = most
        self._wait_s = wait_s

    def run(self, stop: Event) -> None:
        """Work until `stop` is set. What is not answered by then, the edges send again."""
        while not stop.is_set():
            gathered = self._subscriber.gather(self._most, self._wait_s, IDLE_S)
            messages = list(self._batches(gathered))
            if self._take_all(messages, stop):
                self._subscriber.done(gathered)

    def _batches(self, gathered: Iterable[Incoming]) -> Iterable[Message]:
        """Yield the batches among what came; statuses are noted, everything else is passed over."""
        for incoming in gathered:
            try:
                topic = topics.parse(incoming.topic)
            except codec.MalformedError:
                continue
            if not isinstance(topic, topics.EdgeTopic):
                continue
            if topic.kind is topics.Kind.STATUS:
                self._edges.said(topic.edge, incoming.payload)
            elif topic.kind in {topics.Kind.LIVE, topics.Kind.BACKLOG} and not incoming.retained:
                # No edge of ours retains a batch; what a broker kept of somebody's is old.
                yield Message(edge=EdgeId(topic.edge), payload=incoming.payload)

    def _take_all(self, messages: Sequence[Message], stop: Event) -> bool:
        """Take `messages` in, together if possible; return whether all of them are done with.

        Where taking a group fails for no reason that we expect, its halves are tried, so that one batch
        that the program cannot take in neither stops the others nor is lost: it is set aside.
        """
        left = [messages] if messages else []
        while left:
            group = left.pop()
            try:
                taken = self._patiently(partial(self._take, group), stop, BUSY_ATTEMPTS)
            except Exception as error:  # noqa: BLE001  # whatever it is, the others must go on
                # Its type and place, and nothing that it says: that may be about somebody.
                kind, place = type(error).__qualname__, place_of(error)
                log.error("batches_failed", count=len(group), error=kind, place=place)  # noqa: TRY400  # see above
                if len(group) > 1:
                    middle = len(group) // 2
                    left += [group[middle:], group[:middle]]
                    continue
                if isinstance(error, DatabaseBusyError):
                    # The batch is not at fault: without an answer its edge keeps it, and sends it again.
                    continue
                taken = self._patiently(partial(self._intake.set_aside, group[0]), stop, None)
            if taken is None:
                return False
            self._tell(taken)
        return True

    def _take(self, group: Sequence[Message], now_ms: Millis) -> Taken:
        with _TOOK.time():
            return self._intake.take(group, now_ms)

    def _patiently(
        self, work: Callable[[Millis], Taken], stop: Event, attempts: int | None
    ) -> Taken | None:
        """Return what `work` returns, waiting for a database that is away or busy; None on `stop`.

        Raises what else it raises, and DatabaseBusyError after `attempts` of them.
        """
        busy = 0
        while not stop.is_set():
            try:
                return work(Millis(self._clock.now_ms()))
            except DatabaseLostError as error:
                log.error("database_lost", error=str(error), retry_in_s=AWAY_S)  # noqa: TRY400  # expected
                stop.wait(AWAY_S)
            except DatabaseBusyError:
                busy += 1
                if busy == attempts:
                    raise
                stop.wait(BUSY_S if busy > _PATIENT_AFTER else 0)
        return None

    def _tell(self, taken: Taken) -> None:
        for edge, ack in taken.answers:
            self._subscriber.answer(edge, ack)
        for store, persons in taken.changed.items():
            self._announcer.changed(store, persons)
        _count(taken)
        for edge, counts in taken.given_up.items():
            self._edges.gave_up(edge, counts)
        for one, other in taken.conflicts:
            log.warning("two_stores_at_once", store=one, other=other)
        for reason, edge in taken.alarms:
            self._edges.alarm(edge, reason)


def _count(taken: Taken) -> None:
    for result, count in taken.batches.items():
        _BATCHES.labels(result).inc(count)
    for kind, count in taken.events.items():
        _EVENTS.labels(kind).inc(count)
    for lag_ms in taken.lags_ms:
        _LAG.observe(lag_ms / 1000)
    _CONFLICTS.inc(len(taken.conflicts))
