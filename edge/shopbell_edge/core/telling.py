"""What the server is told of a stay, and how often.

Owns: the pace of reports, and turning boottime into wall time.
Never: decides who is here (`presence`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from shopbell_edge.core.units import Boottime
from shopbell_wire.messages import Presence

if TYPE_CHECKING:
    from shopbell_edge.core.interest import Parts
    from shopbell_edge.core.presence import Stay
    from shopbell_edge.core.rules import Rules
    from shopbell_edge.core.units import ScannerName, TokenHex
    from shopbell_wire.messages import Clock, Frame, Phase

MOVED_DB: Final = 6.0
"""A median that changes by more has walked: twice or half the distance."""

STEP_MS: Final = 250
"""The error that a synchronized clock may have. A clock that differs by more from the one that dated a stay
was set in between; `CLOCK_BOOTTIME` is slewed along with the wall clock, so only steps tell them apart."""


LASTED: Final = "long enough to be shown"
"""The reason of the report with which the server may show a stay to staff: somebody waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """At the least so long between two reports of one stay: while it moves, and while it does not."""

    moving_ms: int
    steady_ms: int


ONLINE: Final = Pace(moving_ms=5_000, steady_ms=30_000)
"""50 customers for 12 hours at 180 bytes: 13 MB a day."""

OFFLINE: Final = Pace(moving_ms=60_000, steady_ms=60_000)
"""While the broker is away: nobody is watching, and the spool has to last."""

PARTING: Final = Pace(moving_ms=0, steady_ms=0)
"""Before the process ends: all that was not told yet."""


@dataclass(slots=True, kw_only=True)
class Told:
    """A stay under the name by which the server knows it, and what it was told last."""

    stay: Stay
    frame: Frame
    token: TokenHex
    at: Boottime
    median_db: float
    n: int
    offset_ms: int | None = None
    """Wall time less boottime, as of the first report: all times of the stay are dated by it."""
    shown: bool = False
    """Whether the server was told, or is about to be, that the stay has lasted long enough."""
    usual: Parts | None = None
    """By what of an advertisement a usual sighting of it is known, if it is (`usual`)."""

    def news(self, now: Boottime, pace: Pace, rules: Rules) -> str | None:
        """Return why a report is due, or None. Without a new sighting there is nothing to report."""
        since_ms = now - self.at
        if self.stay.n == self.n or since_ms < pace.moving_ms:
            return None
        if since_ms >= pace.steady_ms:
            return seconds(pace.steady_ms)
        if abs(self.stay.loss(rules).median - self.median_db) > MOVED_DB:
            return f"moved more than {MOVED_DB:g} dB"
        return None


def tell(
    told: Told, phase: Phase, reason: str, scanner: ScannerName, clock: Clock, rules: Rules
) -> Presence:
    """Return the event that says how the stay stands, and remember that it was said.

    `first_ms` is the same in all events of a stay, unless the clock was set by more than STEP_MS: then
    all its times follow, for what they said before was wrong.
    """
    stay = told.stay
    offset_ms = clock.wall_ms - clock.boottime_ms
    if told.offset_ms is None or abs(offset_ms - told.offset_ms) > STEP_MS:
        told.offset_ms = offset_ms
    loss_db = stay.loss(rules)
    told.at = Boottime(clock.boottime_ms)
    told.median_db = loss_db.median
    told.n = stay.n
    told.shown = told.shown or stay.has_lasted(rules)
    return Presence(
        scanner=scanner,
        frame=told.frame,
        token=told.token,
        phase=phase,
        first_ms=_wall(stay.first, told.offset_ms),
        last_ms=_wall(stay.last, told.offset_ms),
        n=stay.n,
        loss_db=loss_db,
        mac=stay.mac or UNSET,
        mac_ms=_wall(stay.mac_at, told.offset_ms) if stay.mac else UNSET,
        reason=reason,
    )


def seconds(span_ms: int) -> str:
    """Return a span as a reason writes it: `30 s`."""
    return f"{span_ms / 1000:g} s"


def _wall(at: Boottime, offset_ms: int) -> int:
    """Return Unix milliseconds; 0 for a moment that a clock which was never set puts before 1970."""
    return max(0, at + offset_ms)
