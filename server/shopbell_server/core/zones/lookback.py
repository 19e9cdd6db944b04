"""Where a device was during a visit that is over: what came later speaks too.

Owns: forward and backward over one device's readings, with what the whole visit taught about its receivers.
Never: the live answer.

Memory: beliefs of √n ticks twice instead of n, for one more pass forward; an eight-hour visit of 57 600
ticks needs 2 · 240 · 220 kB ≈ 100 MB.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_server.core.zones.calibration import learnt
from shopbell_server.core.zones.likelihood import LONGEST_S, usable
from shopbell_server.core.zones.position_filter import arrived, fitting, stepped, weighed
from shopbell_server.core.zones.walking import walked, walked_back

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shopbell_server.core.zones.position_filter import Engine

TINY: Final = 1e-300
"""Keeps a message that underflowed from dividing by nothing."""


def looked_back(
    engine: Engine, rssi_dbm: NDArray[np.float64], listening: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the probability of each cell at each tick, given the whole visit: [ticks, cells].

    `rssi_dbm` is [ticks, receivers] of one device, NaN where nothing was heard; `listening` as much.
    """
    ticks = len(rssi_dbm)
    if not ticks:
        return np.zeros((0, engine.grid.cells))
    fits = _fits(engine, rssi_dbm, listening)
    stride = max(1, math.isqrt(ticks))
    starts = range(0, ticks, stride)
    begins = [arrived(engine, 1).places]
    for start in starts[:-1]:
        begins.append(
            _forward(engine, begins[-1], fits[start : start + stride], first=start == 0)[-1]
        )
    cells = np.empty((ticks, engine.grid.cells))
    message = np.ones_like(begins[0])
    for start, begin in zip(reversed(starts), reversed(begins), strict=True):
        ahead = _forward(engine, begin, fits[start : start + stride], first=start == 0)
        for tick in range(start + len(ahead) - 1, start - 1, -1):
            both = (ahead[tick - start] * message).sum(axis=1).reshape(-1)
            cells[tick] = both / max(both.sum(), TINY)
            message = walked_back(weighed(message, fits[tick : tick + 1]), engine.moves)
    return cells


def _fits(
    engine: Engine, rssi_dbm: NDArray[np.float64], listening: NDArray[np.bool_]
) -> NDArray[np.float64]:
    beliefs = arrived(engine, 1)
    for heard, hears in zip(rssi_dbm, listening, strict=True):
        beliefs = stepped(engine, beliefs, heard[None], hears)
    known = learnt(beliefs.lessons, engine.radio.doubt)
    silent_s = np.full((1, rssi_dbm.shape[1]), LONGEST_S)
    fits = np.empty((len(rssi_dbm), engine.grid.cells))
    for tick, (reading, hears) in enumerate(zip(rssi_dbm, listening, strict=True)):
        heard = np.where(usable(reading), reading, np.nan)[None]
        silent_s = np.minimum(silent_s + engine.moves.tick_s, LONGEST_S)
        fits[tick] = fitting(engine, known, heard, silent_s, hears)[0]
        silent_s = np.where(np.isfinite(heard), 0.0, silent_s)
    return fits


def _forward(
    engine: Engine, begin: NDArray[np.float64], fits: NDArray[np.float64], *, first: bool
) -> list[NDArray[np.float64]]:
    places, ahead = begin, []
    for number, fit in enumerate(fits):
        moved = places if first and number == 0 else walked(places, engine.moves)
        places = weighed(moved, fit[None])
        ahead.append(places)
    return ahead
