"""Where every device on a floor is, live: one step for each tick.

Owns: the state that is carried on, and what a tick does to it.
Never: time of its own, devices' names, the choice of one zone (`hysteresis`), looking back (`lookback`).

The belief is a grid over places and ways of walking. A tick moves it (`walking`), weighs it by the readings
(`likelihood`) and lets it teach about the receivers (`calibration`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_server.core.zones.calibration import (
    LESSON_PER_S,
    Lessons,
    learnt,
    no_lessons,
    taught,
)
from shopbell_server.core.zones.likelihood import (
    ADVERTS,
    LONGEST_S,
    log_likelihood,
    newness,
    trusted,
    usable,
)
from shopbell_server.core.zones.walking import walked, walking

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shopbell_server.core.zones.calibration import Learnt
    from shopbell_server.core.zones.floor import Floor
    from shopbell_server.core.zones.grid import Grid
    from shopbell_server.core.zones.likelihood import Silence
    from shopbell_server.core.zones.radio_map import RadioMap
    from shopbell_server.core.zones.walking import Walking

TICK_S: Final = 0.25
"""At 1 m/s half a cell. A reading waits half of it on average: with 0.5 s the error grows by 0.05 m, and a
server with many devices saves half of the work."""

LESSON_S: Final = 2.0
"""A reading stands for the time since the one before, but for no more than this."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Engine:
    """All that stays while devices come and go: the cells, the map and the ways of walking."""

    grid: Grid
    radio: RadioMap
    moves: Walking
    silence: Silence


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beliefs:
    """What is believed of the devices, in the caller's order. What was returned is never changed."""

    places: NDArray[np.float64]
    """[devices, ways, nx, ny], each device's sum is 1."""

    lessons: Lessons
    silent_s: NDArray[np.float64]
    """[devices, receivers]: since the last reading, at most `LONGEST_S`."""


def engine_of(
    floor: Floor,
    grid: Grid,
    radio: RadioMap,
    *,
    tick_s: float = TICK_S,
    silence: Silence = ADVERTS,
) -> Engine:
    """Return the engine of a floor; `radio` is from `unsurveyed_map` or `surveyed_map` of the same grid."""
    if radio.mean_dbm.shape != (len(floor.receivers), grid.cells):
        raise ValueError(
            f"the map has {radio.mean_dbm.shape} receivers and cells, the floor {len(floor.receivers)} "
            f"and {grid.cells}; make the map from this floor and grid"
        )
    return Engine(grid=grid, radio=radio, moves=walking(grid, tick_s), silence=silence)


def arrived(engine: Engine, devices: int) -> Beliefs:
    """Return what is believed of devices that were not heard yet: they are anywhere."""
    ways, receivers = len(engine.moves.change), len(engine.radio.mean_dbm)
    anywhere = 1.0 / (ways * engine.grid.cells)
    return Beliefs(
        places=np.full((devices, ways, engine.grid.nx, engine.grid.ny), anywhere),
        lessons=no_lessons(devices, receivers),
        silent_s=np.full((devices, receivers), LONGEST_S),
    )


def joined(some: Beliefs, more: Beliefs) -> Beliefs:
    """Return both, `some` first."""
    return Beliefs(
        places=np.concatenate([some.places, more.places]),
        lessons=Lessons(
            weight=np.concatenate([some.lessons.weight, more.lessons.weight]),
            pull=np.concatenate([some.lessons.pull, more.lessons.pull]),
        ),
        silent_s=np.concatenate([some.silent_s, more.silent_s]),
    )


def kept(some: Beliefs, which: NDArray[np.intp] | NDArray[np.bool_]) -> Beliefs:
    """Return what is believed of these alone, in this order."""
    return Beliefs(
        places=some.places[which],
        lessons=Lessons(weight=some.lessons.weight[which], pull=some.lessons.pull[which]),
        silent_s=some.silent_s[which],
    )


def stepped(
    engine: Engine,
    before: Beliefs,
    rssi_dbm: NDArray[np.float64],
    listening: NDArray[np.bool_],
    worth: NDArray[np.float64] | None = None,
) -> Beliefs:
    """Return what is believed one tick later.

    `rssi_dbm` is [devices, receivers]: the mean of the tick's readings, NaN where there was none.
    `listening` is [receivers]: which ones are known to hear; the silence of the others says nothing.
    `worth`, as much as `rssi_dbm`, is by how many readings of its own each of them counts, and each silence;
    None: by what follows from the time since the one before.
    """
    heard = np.where(usable(rssi_dbm), rssi_dbm, np.nan)
    known = learnt(before.lessons, engine.radio.doubt)
    silent_s = np.minimum(before.silent_s + engine.moves.tick_s, LONGEST_S)
    fits = fitting(engine, known, heard, silent_s, listening, worth)
    moved = walked(before.places, engine.moves)
    places = weighed(moved, fits)
    lessons = _lessons(engine, before.lessons, known, heard, silent_s, places)
    return Beliefs(
        places=places,
        lessons=lessons,
        silent_s=np.where(np.isfinite(heard), 0.0, silent_s),
    )


def fitting(
    engine: Engine,
    known: Learnt,
    heard: NDArray[np.float64],
    silent_s: NDArray[np.float64],
    listening: NDArray[np.bool_],
    worth: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return how well a tick's readings fit: log-likelihoods [devices, cells].

    Arguments are as in `stepped`; `listening` may also be [devices, receivers].
    """
    there = np.isfinite(heard)
    if worth is None:
        worth = newness(silent_s)
        hears = np.maximum(1, listening.sum(axis=-1, keepdims=True))
        unheard = worth * np.minimum(there.sum(axis=1, keepdims=True) / hears, 1.0)
    else:
        unheard = worth
    missed = np.where(there | ~listening, 0.0, unheard)
    return log_likelihood(engine.radio, known, heard, worth, missed, engine.silence)


def weighed(places: NDArray[np.float64], fits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return beliefs [devices, ways, nx, ny] weighed by log-likelihoods [devices, cells]; sums are 1 again.

    The sharpest readings leave each cell a thousand-millionth of its weight, so that nobody is ruled out
    for good.
    """
    likely = np.exp(fits - fits.max(axis=1, keepdims=True)) + 1e-9
    after = places * likely.reshape(len(places), 1, *places.shape[2:])
    whole: NDArray[np.float64] = after / after.sum(axis=(1, 2, 3), keepdims=True)
    return whole


def by_cell(beliefs: Beliefs) -> NDArray[np.float64]:
    """Return the probability of each cell: [devices, cells]."""
    flat: NDArray[np.float64] = beliefs.places.sum(axis=1).reshape(len(beliefs.places), -1)
    return flat


def foreseen(engine: Engine, beliefs: Beliefs) -> NDArray[np.float64]:
    """Return the probability of each cell one tick later, whatever will be heard: [devices, cells]."""
    later = walked(beliefs.places, engine.moves).sum(axis=1)
    flat: NDArray[np.float64] = later.reshape(len(later), -1)
    return flat


def by_zone(engine: Engine, cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability of each zone, from that of each cell: [devices, zones]."""
    zones: NDArray[np.float64] = cells @ engine.grid.zone_shares
    return zones


def middle_m(engine: Engine, cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean place, x and y: [devices, 2]."""
    place: NDArray[np.float64] = cells @ engine.grid.centres_m
    return place


def _lessons(
    engine: Engine,
    before: Lessons,
    known: Learnt,
    heard: NDArray[np.float64],
    silent_s: NDArray[np.float64],
    places: NDArray[np.float64],
) -> Lessons:
    after = Lessons(weight=before.weight.copy(), pull=before.pull.copy())
    cells = places.sum(axis=1).reshape(len(places), -1)
    worth = np.where(np.isfinite(heard), np.minimum(silent_s, LESSON_S) * LESSON_PER_S, 0.0)
    readings = np.where(np.isfinite(heard), heard, 0.0)
    for receiver in np.flatnonzero(worth.any(axis=0)).tolist():
        strength = readings[:, receiver]
        usual = trusted(engine.radio, known, receiver, strength)
        taught(
            after,
            receiver,
            strength[:, None] - engine.radio.mean_dbm[receiver],
            engine.radio.slope_basis_db[receiver],
            cells * usual * worth[:, receiver, None],
        )
    return after
