"""What the spool gives up when room runs short: the least telling first, and never a scan.

Owns: the shares at which that begins, which report of a stay a later one replaces, which stays are over.
Never: storage, or how much room there is.

A report in the middle of a stay says nothing that a later one does not say again: `first_ms` and `n` are
those of the whole stay. So those go first, and whole stays only where none is left.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, Literal

from shopbell_wire.messages import Presence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shopbell_wire.messages import Event

COALESCE_SHARE: Final = 0.80
"""Of the room, from which on reports are coalesced. A week of a busy store takes a third of it."""

PRESENT_SHARE: Final = 0.95
"""From which on no report in the middle of a stay is stored any more."""

COALESCE_MS: Final = 120_000
"""Between two reports of a stay that are stored then: half of what the pace without a broker tells."""

MOST_STAYS: Final = 10_000
"""As many as a scanner remembers tokens: 3 MB at worst, and none while there is room."""

Stay = tuple[str, str, str, int]
"""Scanner, frame, token and beginning: what all reports of a stay share."""

Verdict = Literal["keep", "coalesce", "drop"]


class Thinning:
    """What of the newcomers is not even stored. It remembers the last report of each stay that was."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Stay, int] = OrderedDict()

    def verdict(self, event: Event, used_share: float) -> Verdict:
        """Return what becomes of `event` while so much of the room is used."""
        if used_share < COALESCE_SHARE:
            self._kept.clear()
            return "keep"
        if not isinstance(event, Presence):
            return "keep"
        stay = stay_of(event)
        if not is_passing(event):
            self._kept.pop(stay, None)
            return "keep"
        if used_share >= PRESENT_SHARE:
            return "drop"
        last_ms = self._kept.get(stay)
        if last_ms is not None and event.last_ms - last_ms < COALESCE_MS:
            return "coalesce"
        self._kept[stay] = event.last_ms
        self._kept.move_to_end(stay)
        if len(self._kept) > MOST_STAYS:
            self._kept.popitem(last=False)
        return "keep"


class Ended:
    """Finds the stays of which both ends wait, the oldest first, however much lies between."""

    def __init__(self) -> None:
        self._entered: OrderedDict[Stay, int] = OrderedDict()

    def look(self, waiting: Iterable[tuple[int, Event]]) -> list[int]:
        """Return the places of both ends of each stay that is over by the next of what waits, in order."""
        gone: list[int] = []
        for place, event in waiting:
            if not isinstance(event, Presence):
                continue
            if event.phase == "entered":
                self._entered[stay_of(event)] = place
                if len(self._entered) > MOST_STAYS:
                    self._entered.popitem(last=False)
            elif event.phase == "left":
                entered = self._entered.pop(stay_of(event), None)
                gone += [] if entered is None else [entered, place]
        return gone


def passing(waiting: Iterable[tuple[int, Event]]) -> list[int]:
    """Return the places of all reports in the middle of a stay."""
    return [place for place, event in waiting if is_passing(event)]


def is_passing(event: Event) -> bool:
    """Return whether `event` is a report in the middle of a stay, which its end says again."""
    return isinstance(event, Presence) and event.phase in {"present", "inactive"}


def stay_of(presence: Presence) -> Stay:
    """Return which stay `presence` reports."""
    return presence.scanner, presence.frame, presence.token, presence.first_ms
