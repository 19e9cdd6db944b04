"""A recording cut into the engine's ticks, all its beacons at once.

Owns: which reading belongs to which tick, thinning, and which receivers can be relied on to hear.
Never: files, or what is made of the ticks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_server.core.zones.likelihood import usable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shopbell_sim.adapters.recorded_events import Recording

LISTENS_S: Final = 60.0
"""A receiver that heard nothing of anybody for a minute may be dead: it is not relied on."""

ONE_ADVERT_S: Final = 0.05
"""Receivers stamp one advert with times this close together."""

EARLY: Final = 0.9
"""Thinned to one a second, an advert 0.9 s after the last is kept: intervals seldom divide a second."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ticks:
    """Readings per tick; the first tick is the first reading's moment, each ends at its `ends_s`."""

    ends_s: NDArray[np.float64]
    rssi_dbm: NDArray[np.float64]
    """[ticks, beacons, receivers]: the mean of a tick's readings, NaN without any."""

    listening: NDArray[np.bool_]
    """[ticks, receivers]"""


def ticks_of(
    recording: Recording, receivers: Sequence[str], tick_s: float, *, thin_s: float = 0.0
) -> Ticks:
    """Return the ticks of what these receivers heard, with at most one advert each `thin_s` of a beacon."""
    column = {name: index for index, name in enumerate(receivers)}
    real = usable(recording.rssi_dbm)
    ours = np.array([name in column for name in recording.receiver]) & real
    keep = np.flatnonzero(ours & _thinned(recording, thin_s))
    first = recording.at_s[0]
    # The thousandth keeps a time that is an end of a tick, but for rounding, in the tick that ends there.
    tick = np.ceil((recording.at_s - first) / tick_s - 1e-3).astype(np.intp).clip(0)
    count = int(tick[-1]) + 1
    shape = (count, len(recording.beacons), len(receivers))
    at = (
        tick[keep],
        recording.beacon[keep],
        np.array([column[recording.receiver[k]] for k in keep], dtype=np.intp),
    )
    total, readings = np.zeros(shape), np.zeros(shape)
    np.add.at(total, at, recording.rssi_dbm[keep])
    np.add.at(readings, at, 1.0)
    rssi_dbm = np.where(readings > 0, total / np.maximum(readings, 1.0), np.nan)
    return Ticks(
        ends_s=first + np.arange(count) * tick_s,
        rssi_dbm=rssi_dbm,
        listening=_listening(np.any(readings > 0, axis=1), math.ceil(LISTENS_S / tick_s)),
    )


def _thinned(recording: Recording, thin_s: float) -> NDArray[np.bool_]:
    if thin_s <= 0:
        return np.ones(len(recording.at_s), dtype=np.bool_)
    keep = np.zeros(len(recording.at_s), dtype=np.bool_)
    begun = np.full(len(recording.beacons), -math.inf)
    for index, (at, beacon) in enumerate(zip(recording.at_s, recording.beacon, strict=True)):
        if at - begun[beacon] >= EARLY * thin_s:
            begun[beacon] = at
        keep[index] = at - begun[beacon] <= ONE_ADVERT_S
    return keep


def _listening(heard: NDArray[np.bool_], ticks: int) -> NDArray[np.bool_]:
    last = np.full(heard.shape[1], -ticks - 1)
    listening = np.empty_like(heard)
    for tick, here in enumerate(heard):
        last[here] = tick
        listening[tick] = tick - last <= ticks
    return listening
