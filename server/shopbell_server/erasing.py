"""Completes what was begun when somebody was forgotten, and forgets what nobody else does.

That is who left long ago, and profiles that somebody who was forgotten left over.

Owns: how often, and what the operator is told.
Never: what it takes (`usecases.keeping.erase`). A server that died in the middle goes on here.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import structlog
from prometheus_client import Gauge

from shopbell_server.core.audit.chain import SERVER
from shopbell_server.core.ids import Millis
from shopbell_server.core.keeping.erasure import DONE_MS
from shopbell_server.core.units import DAY_MS, HOUR_MS
from shopbell_server.patience import attempt
from shopbell_server.usecases.keeping.erase import erase, finish
from shopbell_server.usecases.keeping.left_over import forget_left_over, left_over

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from shopbell_server.core.keeping.retention import Limits
    from shopbell_server.ports.database import Database
    from shopbell_server.ports.world import Announcer, Entropy, ServerClock
    from shopbell_server.usecases.keeping.erase import Erased
    from shopbell_server.usecases.visits.recompute import Terms

log = structlog.get_logger()

ROUND_S: Final = 2.0
"""How soon an erasure that was broken off goes on: it has a day, and a round costs four questions."""

AT_ONCE: Final = 50
"""Erasures of one round, each two or three short transactions. The next round begins behind them."""

LOOKED_AT: Final = 20
"""Profiles of a round that are looked at for what was left over, by six questions each. Most are parts of
some that are in use, and stay it: of a thousand each is looked at again after 100 s."""

LEFT_EVERY_MS: Final = HOUR_MS
"""Who left is forgotten when the last of her visits went: of days, an hour is soon enough."""

_UNDONE: Final = Gauge(
    "shopbell_erasures_undone",
    "People who were forgotten here, of whom a sink has not answered yet.",
)
_OVERDUE: Final = Gauge(
    "shopbell_erasures_overdue",
    "Those of them that should have been done within a day, and are not.",
)


class Erasing:
    """The loop of one process; several may run at once."""

    def __init__(
        self,
        *,
        database: Database,
        clock: ServerClock,
        entropy: Entropy,
        terms: Terms,
        limits: Limits,
        announcer: Announcer,
    ) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._terms = terms
        self._kept_ms = limits.visits_days * DAY_MS
        self._announcer = announcer
        self._looked_ms: int | None = None
        self._overdue = 0
        self._behind = ""
        """The last erasure that was looked at: those of a sink that is away leave no other one out."""
        self._outliving = ""
        """The last profile that was looked at, of those that outlived somebody."""

    def run(self, stop: Event) -> None:
        """Work until `stop` is set. One thread."""
        while not stop.wait(ROUND_S):
            self.once()

    def once(self) -> None:
        """Finish what can be finished, and forget what nobody else does; a database that is away waits."""
        attempt(self._round)

    def finish(self) -> None:
        """Do what is left of every erasure, and say how many are late."""
        now_ms = self._clock.now_ms()
        with self._database.read() as work:
            undone = work.erasures.undone(AT_ONCE, self._behind)
        self._behind = undone[-1].id if undone else ""
        try:
            for each in undone:
                if finish(self._database, each, now_ms):
                    log.info("erasure_done", erasure=each.id)
        finally:
            # While the store of keys is away too: that is when they become late.
            self._say_who_waits(now_ms)

    def forget_who_left(self) -> None:
        """Erase whose enrolment ended so long ago that no visit of it is left."""
        now_ms = self._clock.now_ms()
        if self._looked_ms is not None and 0 <= now_ms - self._looked_ms < LEFT_EVERY_MS:
            return
        with self._database.read() as work:
            left = work.erasures.ended_before(Millis(now_ms - self._kept_ms), AT_ONCE)
        for person in left:
            self._forget("forgotten_after_leaving", partial(erase, person=person, actor=SERVER))
        if len(left) < AT_ONCE:
            self._looked_ms = now_ms

    def forget_left_over(self) -> None:
        """Erase profiles that somebody who was forgotten left to others, and that they are gone from."""
        with self._database.read() as work:
            found, behind = left_over(work, self._outliving, LOOKED_AT)
        self._outliving = behind or ""
        for profile in found:
            self._forget("forgotten_left_over", partial(forget_left_over, profile=profile))

    def _round(self) -> None:
        try:
            self.forget_who_left()
            self.forget_left_over()
        finally:
            self.finish()

    def _forget(self, event: str, one: Callable[..., Erased | None]) -> None:
        """Do it in a transaction of its own, say that it is done, and have boards look again."""
        with self._database.begin() as work:
            erased = one(work, self._entropy, self._clock.now_ms(), terms=self._terms)
            work.commit()
        if erased is not None:
            log.info(event, erasures=len(erased.erasures))
            for store, persons in erased.changed.items():
                self._announcer.changed(store, persons)

    def _say_who_waits(self, now_ms: Millis) -> None:
        with self._database.read() as work:
            overdue = work.erasures.count_overdue(Millis(now_ms - DONE_MS))
            left = work.erasures.count_overdue(Millis(now_ms + DONE_MS))
        _UNDONE.set(left)
        _OVERDUE.set(overdue)
        if overdue > self._overdue:
            log.error("erasures_overdue", erasures=overdue, do="see `shopbell-server erasures`")
        self._overdue = overdue
