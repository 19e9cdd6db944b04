"""Where a device was during a visit that is over: what came later speaks too.

Owns: forward and backward over one device's readings, with what the visit taught about its receivers.
Never: the live answer.

Memory: beliefs of 2√n ticks instead of n, for one more pass forward; eight hours of 115 200 ticks on a
floor of 1 600 cells need 2 · 340 · 220 kB = 150 MB.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_server.core.zones.calibration import learnt, picked
from shopbell_server.core.zones.likelihood import LONGEST_S, usable
from shopbell_server.core.zones.position_filter import (
    arrived,
    fitting,
    middle_m,
    stepped,
    weighed,
)
from shopbell_server.core.zones.walking import walked, walked_back

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shopbell_server.core.zones.calibration import Learnt
    from shopbell_server.core.zones.position_filter import Engine

TINY: Final = 1e-300
"""Keeps a message that underflowed from dividing by nothing."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LookedBack:
    """The probability of each zone, or whatever was asked for, [ticks, zones]; the mean place, [ticks, 2]."""

    zones: NDArray[np.float64]
    middle_m: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Visit:
    """One device's readings, with what is known of its receivers at the end; rows are ticks."""

    heard: NDArray[np.float64]
    silent_s: NDArray[np.float64]
    listening: NDArray[np.bool_]
    worth: NDArray[np.float64] | None
    known: Learnt


def looked_back(
    engine: Engine,
    rssi_dbm: NDArray[np.float64],
    listening: NDArray[np.bool_],
    worth: NDArray[np.float64] | None = None,
    shares: NDArray[np.float64] | None = None,
) -> LookedBack:
    """Return where the device was at each tick, given the whole visit.

    `rssi_dbm` is [ticks, receivers] of one device, NaN where nothing was heard; `listening` and `worth`
    (`position_filter.stepped`) as much. `shares` is [cells, anything]: how much of each cell lies in what is
    asked for; None: in the grid's zones.
    """
    ticks = len(rssi_dbm)
    shares = engine.grid.zone_shares if shares is None else shares
    zones = np.empty((ticks, shares.shape[1]))
    middle = np.empty((ticks, 2))
    if not ticks:
        return LookedBack(zones=zones, middle_m=middle)
    visit = _visit(engine, rssi_dbm, listening, worth)
    stride = math.isqrt(ticks)
    starts = range(0, ticks, stride)
    begins = [arrived(engine, 1).places]
    for start in starts[:-1]:
        begins.append(_forward(engine, begins[-1], _fits(engine, visit, start, stride))[-1])
    message = np.ones_like(begins[0])
    for start, begin in zip(reversed(starts), reversed(begins), strict=True):
        fits = _fits(engine, visit, start, stride)
        ahead = _forward(engine, begin, fits)
        cells = np.empty_like(fits)
        for number in range(len(fits) - 1, -1, -1):
            cells[number] = (ahead[number] * message).sum(axis=1).reshape(-1)
            message = walked_back(weighed(message, fits[number : number + 1]), engine.moves)
        cells /= np.maximum(cells.sum(axis=1, keepdims=True), TINY)
        zones[start : start + stride] = cells @ shares
        middle[start : start + stride] = middle_m(engine, cells)
    return LookedBack(zones=zones, middle_m=middle)


def _visit(
    engine: Engine,
    rssi_dbm: NDArray[np.float64],
    listening: NDArray[np.bool_],
    worth: NDArray[np.float64] | None,
) -> _Visit:
    beliefs, silent_s = arrived(engine, 1), np.empty(rssi_dbm.shape)
    for tick, (reading, hears) in enumerate(zip(rssi_dbm, listening, strict=True)):
        silent_s[tick] = np.minimum(beliefs.silent_s[0] + engine.moves.tick_s, LONGEST_S)
        now = None if worth is None else worth[tick, None]
        beliefs = stepped(engine, beliefs, reading[None], hears, now)
    return _Visit(
        heard=np.where(usable(rssi_dbm), rssi_dbm, np.nan),
        silent_s=silent_s,
        listening=listening,
        worth=worth,
        known=learnt(beliefs.lessons, engine.radio.doubt),
    )


def _fits(engine: Engine, visit: _Visit, start: int, stride: int) -> NDArray[np.float64]:
    """Return log-likelihoods of some ticks, [ticks, cells]: each tick stands for a device of its own."""
    part = slice(start, start + stride)
    count = len(visit.heard[part])
    known = picked(visit.known, np.zeros(count, dtype=np.intp))
    worth = None if visit.worth is None else visit.worth[part]
    return fitting(
        engine, known, visit.heard[part], visit.silent_s[part], visit.listening[part], worth
    )


def _forward(
    engine: Engine, begin: NDArray[np.float64], fits: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    places, ahead = begin, []
    for fit in fits:
        places = weighed(walked(places, engine.moves), fit[None])
        ahead.append(places)
    return ahead
