"""What a stream says before any event that was appended: that it begins, and what dates the undated.

Owns: `stream_started`, and the anchor of a process that has undated events, until each was sealed once. They
wait in memory: a stream that never spoke needs no trace.
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
        """Return whether the stream must begin without other events: nobody could date them yet."""
        return STARTED in self._left and now.state == "unsynced"

    def left(self, now: Clock) -> Mapping[int, tuple[Event, Clock]]:
        """Return what goes before all that waits, by its place; under a right clock the anchor too."""
        if STARTED in self._left:
            self._left[STARTED] = (self._started, now)  # a stream begins when it first speaks
        if self._owes_anchor and now.state == "synced":
            anchor = ClockAnchor(boot=now.boot, boottime_ms=now.boottime_ms, wall_ms=now.wall_ms)
            self._left[ANCHOR] = (anchor, now)
        return self._left

    def said(self, places: Iterable[int]) -> None:
        """Say nothing twice of what was sealed."""
        for place in places:
            if self._left.pop(place, None) is not None and place == ANCHOR:
                self._owes_anchor = False
