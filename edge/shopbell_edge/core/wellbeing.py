"""What the server is told of how a scanner does.

Owns: what is news, since when it holds, and the share of the time in which the scanner could hear.
Never: decides that it hears. Whoever runs the scanner does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_edge.core.clock_state import KNOWN_MS
from shopbell_edge.core.listening import Listening
from shopbell_edge.core.units import Boottime
from shopbell_wire.messages import ScannerHealth

if TYPE_CHECKING:
    from shopbell_edge.core.units import ScannerName
    from shopbell_wire.messages import Clock, Hearing


CLOSED: Final = "closed"
"""The reason of a radio that does not hear because it is not to: the store is closed."""

STEP_MS: Final = 2 * KNOWN_MS
"""So far apart two clocks may be that each know the time. One that goes back further was plainly wrong."""


class Wellbeing:
    """How `scanner` has done so far. Boottimes handed in must not run backwards; wall time may."""

    __slots__ = (
        "_closed",
        "_dated",
        "_listened_ms",
        "_listening",
        "_said_at",
        "_scanner",
        "_since_ms",
        "_state",
    )

    def __init__(self, scanner: ScannerName) -> None:
        self._scanner = scanner
        self._listening = Listening()
        self._state: Hearing | None = None
        self._closed = False
        self._said_at = Boottime(0)
        self._listened_ms = 0
        self._since_ms = 0
        self._dated = False

    def feel(self, state: Hearing, reason: str, for_ms: int, clock: Clock) -> ScannerHealth | None:
        """Return what to tell of a scanner that has been in `state` for `for_ms`; None if that is no news.

        A new reason for the old state is none, but for CLOSED: who was there has left. `coverage` is that of
        the time since the news before, of which a blindness that is found out late takes its part, but never
        more than all of it. What is told later is of later, though the clock was set back meanwhile: the
        server goes by times alone, and takes deafness for the second of two that are of one moment.
        """
        now = Boottime(clock.boottime_ms)
        since = now - for_ms if self._state is None else max(now - for_ms, self._said_at)
        if state == "hearing":
            self._listening.go_on(now)
        else:
            self._listening.stop(since)
        closed = reason == CLOSED
        if state == self._state and closed == self._closed:
            return None
        listened_ms = self._listening.at(now)
        period_ms = 0 if self._state is None else now - self._said_at
        could_hear_ms = listened_ms - self._listened_ms
        self._state, self._said_at, self._listened_ms = state, now, listened_ms
        self._closed = closed
        return ScannerHealth(
            scanner=self._scanner,
            state=state,
            since_ms=self._in_order(
                max(0, clock.wall_ms - (now - since)),
                dated=clock.state != "unsynced",
                deaf=state != "hearing" and not closed,
            ),
            reason=reason,
            coverage=could_hear_ms / period_ms if period_ms else float(state == "hearing"),
        )

    def _in_order(self, since_ms: int, *, dated: bool, deaf: bool) -> int:
        """Return `since_ms`, or the first moment that the server takes for later than the word before."""
        after_ms = self._since_ms if deaf else self._since_ms + 1
        # A clock without the time counts from anywhere; the server moves what it says, as a whole.
        if dated == self._dated and 0 < after_ms - since_ms <= STEP_MS:
            since_ms = after_ms
        self._since_ms, self._dated = since_ms, dated
        return since_ms
