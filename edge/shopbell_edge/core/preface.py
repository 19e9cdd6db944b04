"""What a stream says before any event that was appended: that it begins, and what dates the undated.

Owns: `stream_started`, and the anchor of a process that has undated events, until each was sealed once; what
is asked until the time is known. They wait in memory: a stream that never spoke needs no trace.
Never: storage, or what goes together (`batching`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_wire.messages import ClockAnchor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shopbell_wire.messages import Clock, Event, StreamStarted

STARTED: Final = 0
ANCHOR: Final = -1
"""Places that no row of a spool has."""


class Preface:
    """What is yet to be said; `said` strikes it out."""

    def __init__(self, started: StreamStarted, clock: Clock, *, undated: bool) -> None:
        """Begin a stream at `clock`; `undated`: whether there are events already that need an anchor."""
        self._started = started
        self._left: dict[int, tuple[Event, Clock]] = {STARTED: (started, clock)}
        self._owes_anchor = undated or clock.state == "unsynced"

    def alone(self, now: Clock) -> bool:
        """Return whether this must go without other events: nobody could date them yet."""
        return now.state == "unsynced" and (STARTED in self._left or self._owes_anchor)

    def left(self, now: Clock) -> Mapping[int, tuple[Event, Clock]]:
        """Return what goes before all that waits, by its place.

        The anchor goes as soon as the time is known, however well; it says how well. Until then it is all
        that there is to ask with once the stream has begun: an answer that took too long told nothing, and
        an anchor that may be off by anything dates nothing.
        """
        if STARTED in self._left:
            self._left[STARTED] = (self._started, now)  # a stream begins when it first speaks
        if self._owes_anchor and (now.state != "unsynced" or STARTED not in self._left):
            self._left[ANCHOR] = (anchor_of(now), now)
        return self._left

    def said(self, places: Iterable[int]) -> None:
        """Say nothing twice of what was sealed, but for a question."""
        for place in places:
            told = self._left.pop(place, None)
            if told is not None and place == ANCHOR and told[1].state != "unsynced":
                self._owes_anchor = False


def anchor_of(now: Clock) -> ClockAnchor:
    """Return what dates events of this boot as well as the clock knows the time `now`."""
    return ClockAnchor(
        boot=now.boot, boottime_ms=now.boottime_ms, wall_ms=now.wall_ms, err_ms=now.err_ms
    )
