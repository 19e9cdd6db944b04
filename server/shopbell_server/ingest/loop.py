"""From the broker to the database and back: gather, take in, answer.

Owns: the thread that does so, its patience with a database that is away, and what it counts.
Never: what a batch means (`usecases.take`).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import structlog
from prometheus_client import Counter, Histogram

from shopbell_server.core.ids import EdgeId, Millis
from shopbell_server.ports import DatabaseBusyError, DatabaseLostError
from shopbell_server.usecases.take import Message
from shopbell_wire import codec, topics

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from threading import Event

    from shopbell_server.ingest.edges import Edges
    from shopbell_server.ingest.subscriber import Incoming, Subscriber
    from shopbell_server.ports import Announcer, ServerClock
    from shopbell_server.usecases.take import Intake, Taken

log = structlog.get_logger()

IDLE_S: Final = 0.5
"""How often the thread looks whether it shall end."""

AWAY_S: Final = 1.0
"""Between attempts while the database is away; the edges wait 30 s before they send again."""

_BATCHES = Counter("shopbell_batches", "Batches by what became of them.", ["result"])
_EVENTS = Counter("shopbell_events", "Events by what became of them.", ["kind"])
_TOOK = Histogram(
    "shopbell_ingest_seconds",
    "From the first message of a group to its commit.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


class Ingest:
    """Takes messages in until told to stop. One thread runs `run`."""

    def __init__(  # noqa: PLR0913  (what it connects, each by name)
        self,
        *,
        subscriber: Subscriber,
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
            if gathered:
                messages = list(self._batches(gathered))
                if messages:
                    self._take(messages, stop)
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

    def _take(self, messages: Sequence[Message], stop: Event) -> None:
        """Take `messages` in, waiting for a database that is away."""
        while not stop.is_set():
            try:
                with _TOOK.time():
                    taken = self._intake.take(messages, Millis(self._clock.now_ms()))
            except DatabaseBusyError:
                continue
            except DatabaseLostError as error:
                log.error("database_lost", error=str(error), retry_in_s=AWAY_S)  # noqa: TRY400  # expected
                time.sleep(AWAY_S)
            else:
                self._tell(taken)
                return

    def _tell(self, taken: Taken) -> None:
        for edge, ack in taken.answers:
            self._subscriber.answer(edge, ack)
        for store in taken.stores:
            self._announcer.changed(store)
        for result, count in taken.batches.items():
            _BATCHES.labels(result).inc(count)
        for kind, count in taken.events.items():
            _EVENTS.labels(kind).inc(count)
        for reason, edge in taken.alarms:
            self._edges.alarm(edge, reason)
