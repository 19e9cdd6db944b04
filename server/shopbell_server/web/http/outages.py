"""That requests find the database away is logged once for each time that it goes.

Owns: when an outage is another one.
Never: who asked, or for what.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from shopbell_server.ports.database import DatabaseLostError
    from shopbell_server.ports.world import ServerClock

log = structlog.get_logger()

QUIET_MS: Final = 60_000
"""So long without a request that failed, and the next one is another outage: pages and phones ask again every
few seconds, so it was back meanwhile, or nobody is there."""


class Outages:
    """What was lost, and when a request last found it so; of one process, in its event loop."""

    def __init__(self, clock: ServerClock) -> None:
        self._clock = clock
        self._last_ms: dict[type[DatabaseLostError], int] = {}
        """The store of keys may be away while the database is there."""

    def note(self, error: DatabaseLostError) -> None:
        """Say what is away, unless that was said of this outage."""
        now_ms = self._clock.now_ms()
        last_ms = self._last_ms.get(type(error))
        self._last_ms[type(error)] = now_ms
        if last_ms is None or abs(now_ms - last_ms) > QUIET_MS:
            log.error("database_lost", error=str(error), requests="answered 503 until it is back")
