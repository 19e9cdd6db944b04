"""The latest sightings of one token.

Owns: when they were and at what loss; a bound on how many.
Never: a judgement about them (`strength`, `presence`).

Packed in arrays: 10 000 tokens of 80 sightings are 15 MB so, 90 MB as tuples.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shopbell_edge.core.units import Boottime

MOST_SIGHTINGS: Final = 64
"""15 s of the usual 250 ms are 60. What sends faster is judged by a shorter time: 100 ms by the last 6 s."""

MOST_KEPT: Final = 80
"""The oldest go sixteen at a time: one by one, moving the others up would cost a tenth of a sighting."""


class Window:
    """The latest MOST_SIGHTINGS sightings, in the order in which they were heard."""

    __slots__ = ("_at_ms", "_loss_db")

    def __init__(self) -> None:
        self._at_ms = array("q")
        self._loss_db = array("d")

    def __len__(self) -> int:
        return min(len(self._at_ms), MOST_SIGHTINGS)

    @property
    def last_ms(self) -> int:
        """Boottime of the latest sighting. There must be one."""
        return self._at_ms[-1]

    def add(self, now: Boottime, loss_db: float) -> None:
        """Remember a sighting."""
        self._at_ms.append(now)
        self._loss_db.append(loss_db)
        if len(self._at_ms) > MOST_KEPT:
            del self._at_ms[:-MOST_SIGHTINGS]
            del self._loss_db[:-MOST_SIGHTINGS]

    def losses(self, since_ms: int) -> list[float]:
        """Return the losses in dB from `since_ms` (boottime) on, in the order heard."""
        return self._loss_db[self._start(since_ms) :].tolist()

    def sightings(self, since_ms: int) -> list[tuple[int, float]]:
        """Return boottime and loss of each sighting from `since_ms` on, in the order heard."""
        start = self._start(since_ms)
        return list(zip(self._at_ms[start:], self._loss_db[start:], strict=True))

    def _start(self, since_ms: int) -> int:
        return max(bisect_left(self._at_ms, since_ms), len(self._at_ms) - MOST_SIGHTINGS)
