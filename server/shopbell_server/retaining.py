"""Keeps nothing longer than was promised: the loop that lets go of what is old.

Owns: when it is done, that it never keeps others waiting, and what is counted.
Never: how long anything is kept (`core.keeping.retention`), or how it goes (`usecases.keeping.retain`).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import structlog
from prometheus_client import Counter, Gauge

from shopbell_server.core.keeping.retention import rules
from shopbell_server.core.units import HOUR_MS
from shopbell_server.patience import attempt
from shopbell_server.usecases.keeping.retain import let_go

if TYPE_CHECKING:
    from threading import Event

    from shopbell_server.core.keeping.retention import Limits, Rule
    from shopbell_server.ports.database import Database
    from shopbell_server.ports.world import ServerClock

log = structlog.get_logger()

LOOK_S: Final = 10.0
"""How often it is asked whether an hour is over: a clock that was set is noticed at once."""

EVERY_MS: Final = HOUR_MS
"""Of limits that are counted in days, nothing is kept an hour longer."""

REST_S: Final = 0.02
"""After each transaction: whoever waited for the database has it first. A piece takes half of that."""

_REMOVED: Final = Counter(
    "shopbell_retention_rows", "Rows that were let go of because their time was over.", ["table"]
)
_DONE: Final = Gauge(
    "shopbell_retention_done_seconds", "Unix time at which all that was due was last let go of."
)


class Retaining:
    """The loop of one process; several may run at once."""

    def __init__(self, *, database: Database, clock: ServerClock, limits: Limits) -> None:
        self._database = database
        self._clock = clock
        self._rules = rules(limits)
        self._done_ms: int | None = None

    def run(self, stop: Event) -> None:
        """Work until `stop` is set: at once, and then every hour. One thread."""
        while not stop.is_set():
            now_ms = self._clock.now_ms()
            due = self._done_ms is None or not 0 <= now_ms - self._done_ms < EVERY_MS
            if due and self.once(stop):
                self._done_ms = now_ms
            stop.wait(LOOK_S)

    def once(self, stop: Event) -> bool:
        """Let go of all that is due; False if told to stop, or if the database was away or busy."""
        return attempt(partial(self._let_go, stop)) or False

    def _let_go(self, stop: Event) -> bool:
        now_ms = self._clock.now_ms()
        for rule in self._rules:
            gone = 0
            for removed in let_go(self._database, rule, now_ms):
                for table, rows in removed.items():
                    _REMOVED.labels(table).inc(rows)
                    gone += rows
                if stop.wait(REST_S):
                    return False
            self._tell(rule, gone)
        _DONE.set(now_ms / 1000)
        return True

    @staticmethod
    def _tell(rule: Rule, gone: int) -> None:
        if gone:
            log.info("let_go", what=rule.what.value, rows=gone)
