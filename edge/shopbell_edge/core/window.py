"""The latest sightings of one token.

Owns: when they were and at what loss; how many there were; a bound on how many are kept.
Never: a judgement about them (`strength`, `presence`).

A sighting is one whole number in an array: 10 000 tokens of 80 sightings are 8 MB so, 90 MB as tuples.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.units import Boottime

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_SIGHTINGS: Final = 64
"""15 s of the usual 250 ms are 60. What sends faster is judged by a shorter time: 100 ms by the last 6 s."""

MOST_KEPT: Final = 80
"""The oldest go sixteen at a time: one by one, moving the others up would cost a tenth of a sighting."""

LOSSES_DB: Final = range(-128, 128)
"""What fits beside the time: power at 1 m is -90 to -30 dBm (`POWERS_DBM`), RSSI -126 to 0 (`HEARABLE_DBM`),
so the one less the other is -90 to 96."""

_LOSS_BITS: Final = 8
_LOSS_MASK: Final = 255
_LOSS_ZERO: Final = 128
"""A boottime of 2^55 ms, a million years, is what the rest of 64 bits has room for."""


class Window:
    """The latest MOST_SIGHTINGS sightings, in the order in which they were heard.

    Losses are bare: power at 1 m less RSSI, whole dB out of LOSSES_DB, before the scanner's own offset,
    which is added to what is asked for.
    """

    __slots__ = ("_dropped", "_packed")

    def __init__(self) -> None:
        self._packed = array("q")
        self._dropped = 0

    @property
    def n(self) -> int:
        """How many there were in all, those no longer kept included."""
        return self._dropped + len(self._packed)

    @property
    def last(self) -> Boottime:
        """When the latest sighting was. There must be one."""
        return Boottime(self._packed[-1] >> _LOSS_BITS)

    def add(self, now: Boottime, bare_db: int) -> None:
        """Remember a sighting."""
        packed = self._packed
        packed.append((now << _LOSS_BITS) + bare_db + _LOSS_ZERO)
        if len(packed) > MOST_KEPT:
            self._dropped += len(packed) - MOST_SIGHTINGS
            del packed[:-MOST_SIGHTINGS]

    def losses(self, since_ms: int, offset_db: float = 0.0) -> list[float]:
        """Return the losses in dB from `since_ms` (boottime) on, in the order heard."""
        return [loss_db + offset_db for _, loss_db in self.sightings(since_ms)]

    def sightings(self, since_ms: int) -> Iterator[tuple[Boottime, int]]:
        """Yield boottime and bare loss of each sighting from `since_ms` on, in the order heard."""
        packed = self._packed
        start = bisect_left(packed, since_ms << _LOSS_BITS)
        for one in packed[max(start, len(packed) - MOST_SIGHTINGS) :]:
            yield Boottime(one >> _LOSS_BITS), (one & _LOSS_MASK) - _LOSS_ZERO
