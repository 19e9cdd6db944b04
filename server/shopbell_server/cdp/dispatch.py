"""From the queue to one sink and back, until told to stop.

Owns: the thread that does so, when it rests, its patience with a database that is away, and what it counts.
Never: what may be told or when to try again (`usecases.delivery.deliver`), nor how a sink is spoken to.

Each sink has a Dispatch and a thread of its own, so a slow or dead one delays nobody else.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, TypeVar

import structlog
from prometheus_client import Counter, Gauge

from shopbell_server.core.ids import Millis
from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.usecases.delivery.deliver import settle, take_due

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopbell_server.ports.database import Database
    from shopbell_server.ports.sinks import Outcome, Sink
    from shopbell_server.ports.world import ServerClock
    from shopbell_server.usecases.delivery.deliver import Correspondence, Settled

Result = TypeVar("Result")

log = structlog.get_logger()

POLL_S: Final = 1.0
"""How often to look unasked: retries fall due without anybody saying so, and other processes queue too."""

AWAY_S: Final = 1.0
"""Between attempts while the database is away; what was delivered meanwhile is noted when it is back."""

BUSY_S: Final = 0.02
"""Between attempts when somebody else had the rows: ten times what a unit of work takes."""

BUSY_TRIES: Final = 50
"""A second of being in somebody's way: a unit of work takes milliseconds, so it is a fault."""

LOOK_MS: Final = 10_000
"""How often to count what waits: it reads every row of the queue, and a graph needs no more."""

LONGEST_REST_S: Final = 3_600.0
"""A sink that asks for more rest is asked again after an hour; the event it refused waits as asked."""

_TOLD = Counter(
    "shopbell_delivery", "Deliveries by what became of the attempt.", ["sink", "result"]
)
_LAG = Gauge(
    "shopbell_delivery_lag_seconds", "Since when the oldest event waits for the sink.", ["sink"]
)
_WAITING = Gauge("shopbell_delivery_waiting", "Events that wait for the sink.", ["sink"])
_OFF = Gauge("shopbell_delivery_off", "1: the sink answered that it is gone for good.", ["sink"])


class Dispatch:
    """Delivers to one sink. One thread runs `run`; `wake` may be called from any."""

    def __init__(
        self,
        *,
        database: Database,
        sink: Sink,
        to: Correspondence,
        clock: ServerClock,
        chance: Callable[[], float],
    ) -> None:
        """`chance` returns random numbers in [0, 1), to spread what would be tried again together."""
        self._database = database
        self._sink = sink
        self._to = to
        self._clock = clock
        self._chance = chance
        self._queued = threading.Event()
        self._rested_from_ms = 0
        self._rest_ms = 0
        self._looked_ms = -LOOK_MS
        self._failing = False
        self._off = False
        _OFF.labels(sink.name).set(0)

    @property
    def off(self) -> bool:
        """Whether the sink said that it is gone: nothing is sent until the server starts anew."""
        return self._off

    def wake(self) -> None:
        """Say that something was queued. Never blocks."""
        self._queued.set()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; `wake` makes it notice at once. The sink is closed by its owner."""
        while not stop.is_set():
            self._queued.clear()
            if not self.once(stop):
                self._queued.wait(POLL_S)

    def once(self, stop: threading.Event) -> bool:
        """Deliver what is due, at most as much as the sink takes together; False if nothing was."""
        self._count_waiting(stop)
        if self._off or _is_within(self._rest_ms, self._rested_from_ms, self._now()):
            return False
        due = self._in_database(
            lambda: take_due(
                self._database,
                self._to,
                self._now(),
                limit=self._sink.at_once,
                patience_s=self._sink.patience_s,
            ),
            stop,
        )
        if due is None:
            return False
        _TOLD.labels(self._sink.name, "withheld").inc(due.withheld)
        if not due.deliveries:
            return due.withheld > 0
        outcomes = self._sink.deliver(due.letters)
        results = list(zip(due.deliveries, outcomes, strict=True))
        chances = [self._chance() for _ in results]
        now_ms = self._now()
        settled = self._in_database(
            lambda: settle(self._database, self._to, results, now_ms, chances), stop
        )
        self._notice(outcomes, now_ms)
        if settled is not None:
            self._tell(settled)
        return True

    def _notice(self, outcomes: Sequence[Outcome], now_ms: Millis) -> None:
        """Learn from what the sink answered how to treat it."""
        asked_s = max((each.retry_after_s or 0.0 for each in outcomes), default=0.0)
        self._rested_from_ms = now_ms
        self._rest_ms = round(min(asked_s, LONGEST_REST_S) * 1000)
        if any(each.kind == "gone" for each in outcomes):
            self._off = True
            _OFF.labels(self._sink.name).set(1)
            log.error(
                "sink_gone", sink=self._sink.name, do="mend its url, then start the server anew"
            )
        trouble = next((each for each in outcomes if each.kind == "retry"), None)
        if trouble is not None and not self._failing:
            log.warning("sink_fails", sink=self._sink.name, reason=trouble.reason)
        if trouble is None and self._failing:
            log.info("sink_works_again", sink=self._sink.name)
        self._failing = trouble is not None

    def _tell(self, settled: Settled) -> None:
        for result, count in (
            ("delivered", settled.delivered),
            ("retry", settled.again),
            ("dead", len(settled.dead)),
        ):
            _TOLD.labels(self._sink.name, result).inc(count)
        for delivery, reason in settled.dead:
            log.error(
                "delivery_dead",
                sink=self._sink.name,
                fact=delivery.fact.fact,
                attempts=delivery.attempt,
                reason=reason,
            )

    def _count_waiting(self, stop: threading.Event) -> None:
        now_ms = self._now()
        if _is_within(LOOK_MS, self._looked_ms, now_ms):
            return
        waiting = self._in_database(self._waiting, stop)
        if waiting is not None:
            number, since_ms = waiting
            lag_ms = 0 if since_ms is None else max(0, now_ms - since_ms)
            _WAITING.labels(self._sink.name).set(number)
            _LAG.labels(self._sink.name).set(lag_ms / 1000)
            self._looked_ms = now_ms

    def _waiting(self) -> tuple[int, Millis | None]:
        with self._database.read() as work:
            return work.outgoing.waiting(self._sink.name)

    def _in_database(self, work: Callable[[], Result], stop: threading.Event) -> Result | None:
        """Return what `work` does, as soon as the database lets it; None if told to stop before."""
        busy = 0
        while True:
            try:
                return work()
            except DatabaseBusyError:
                busy += 1
                if busy == BUSY_TRIES:
                    raise
                pause_s = BUSY_S
            except DatabaseLostError as error:
                log.error("database_lost", error=str(error), retry_in_s=AWAY_S)  # noqa: TRY400  # expected
                pause_s = AWAY_S
            if stop.wait(pause_s):
                return None

    def _now(self) -> Millis:
        return Millis(self._clock.now_ms())


def _is_within(span_ms: int, since_ms: int, now_ms: int) -> bool:
    """Return whether less than `span_ms` went by; not if the clock was set back since."""
    return 0 <= now_ms - since_ms < span_ms
