"""Everything that is heard in a day, in the order in which it is heard.

Owns: merging outings that go on at the same time. Holds in memory those alone that are under way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shopbell_sim.core.day.air import Air
    from shopbell_sim.core.ether.receptions import Heard
    from shopbell_sim.core.outing.outings import Outing


class Rows(NamedTuple):
    """Receptions: when, whose outing, at which receiver, which frame, how strongly. All of one length."""

    times_s: NDArray[np.float64]
    outings: NDArray[np.int64]
    receivers: NDArray[np.int64]
    frames: NDArray[np.int64]
    rssi_dbm: NDArray[np.int64]


@dataclass(slots=True)
class _UnderWay:
    number: int
    heard: Heard
    done: int


class Timeline:
    """Goes through the day of `outings`, which are in the order in which they begin."""

    def __init__(self, air: Air, outings: Sequence[Outing]) -> None:
        self._air = air
        self._begins_s = [each.itinerary.begins_s for each in outings]
        self._next = 0
        self._under_way: list[_UnderWay] = []

    def until(self, at_s: float) -> Rows:
        """Return what is heard from the last call's time to before `at_s`, in the order of time."""
        while self._next < len(self._begins_s) and self._begins_s[self._next] < at_s:
            self._under_way.append(_UnderWay(self._next, self._air.heard(self._next), 0))
            self._next += 1
        parts = [_part(each, at_s) for each in self._under_way]
        self._under_way = [each for each in self._under_way if each.done < len(each.heard.times_s)]
        if not parts:
            nothing = np.zeros(0, dtype=np.int64)
            return Rows(np.zeros(0), nothing, nothing, nothing, nothing)
        columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
        order = np.argsort(columns[0], kind="stable")
        return Rows(*(column[order] for column in columns))


def _part(one: _UnderWay, at_s: float) -> Rows:
    heard = one.heard
    first = one.done
    one.done = after = int(np.searchsorted(heard.times_s, at_s))
    return Rows(
        heard.times_s[first:after],
        np.full(after - first, one.number, dtype=np.int64),
        heard.receivers[first:after],
        heard.frames[first:after],
        heard.rssi_dbm[first:after],
    )
