"""How strongly each receiver hears a device in each cell, before anything of this device is known.

Owns: the map's form, and the map for a floor that nobody surveyed.
Never: what a device taught about its receivers (`calibration`), what a survey says (`survey_map`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_server.core.zones.grid import distances_m

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shopbell_server.core.zones.floor import Floor
    from shopbell_server.core.zones.grid import Grid

AT_1_M_DBM: Final = -61.0
"""A beacon at 0 dBm, one metre away: -59 in the open as the makers of beacons calibrate, less 2 for whoever
carries it."""

SLOPE: Final = 1.85
"""Strength falls by 18.5 dB for ten times the distance, as published for a hall up to 10 m (open floors:
1.8-2.2). With -59 and 2, four receivers put 70 instead of 78 of 100 samples of straight walks into the right
zone; with twelve there is no difference. What is left of it is learnt."""

NEAREST_M: Final = 0.5
"""Nearer than that, strength depends on the hand and the pocket, not on the distance."""

SHADOWING_DB2: Final = 11.0
"""What walls, shelves and people add to a map of distance alone, 3.3 dB (measured in halls: 2-4.5 dB)."""

CARRIED_M: Final = 1.5
"""A phone in a hand or a bag. Between 1.2 and 1.85 m the result differs by less than 0.05 m."""

MIDDLE_M: Final = 6.0
"""Slopes turn about this distance, the middle one of a shop's, so that learning a slope moves no offset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """How far a receiver may be from its map, one sigma: what all share and what is each one's own."""

    shared_db: float
    own_db: float
    shared_slope: float
    own_slope: float
    nearer_db: float
    """By so much a device that seems louder than the map is not believed to be: it is taken to be nearer."""

    hidden: float = 0.0
    """So many of its readings, 0 to 1, are of a phone behind something that no map knows."""


UNSURVEYED: Final = Doubt(shared_db=5.0, own_db=2.0, shared_slope=0.3, own_slope=0.1, nearer_db=3.0)
"""Receivers of one make differ by 0.5-1.5 dB, their places by as much again: 2 dB. Slopes are a
building's, so they are mostly shared: 1.4-2.6 at two sigma. What all share is how strongly a phone
sends: models differ by 7 dB, and by less where the frame or the model says it.

Nearer: a hall may lift all strengths (the recorded one by 3 dB at 6 m). A filter that believes it says places
further out than they are (1.05 times as far from the middle, in place of 0.9), which costs 0.2 m."""

SURVEYED: Final = Doubt(shared_db=3.0, own_db=1.0, shared_slope=0.01, own_slope=0.01, nearer_db=0.0)
"""A survey has the slopes; what is left is how this device differs from the surveyor's: at each receiver, of
which recordings show up to 1.7 dB, and at all of them. With 3 dB shared the surveyor's own device is found as
well as with 0.5; one that is 7 dB off in 53 instead of 40 of 100 samples."""


AMONG_RACKS: Final = Doubt(
    shared_db=5.0, own_db=2.0, shared_slope=0.3, own_slope=0.1, nearer_db=3.0, hidden=0.5
)
"""Of phones in a shop: racks, bodies and pockets are in the way of every second scanner. So that one hears
her faintly says little, and that one hears her well says that she is near."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What is expected of a floor that nobody surveyed."""

    at_1_m_dbm: float
    slope: float
    doubt: Doubt


HALL: Final = Guess(at_1_m_dbm=AT_1_M_DBM, slope=SLOPE, doubt=UNSURVEYED)
"""An open floor, and a beacon that is carried openly: what the recordings show."""

SHOP: Final = Guess(at_1_m_dbm=-65.0, slope=2.4, doubt=AMONG_RACKS)
"""A phone is mostly in a pocket or a bag (3 to 4 dB) and half of the time behind a body; through two racks
strength falls by 24 dB for ten times the distance (between the open floor's 18 to 22 and the 25 to 35
that are estimated across shelves)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RadioMap:
    """What is expected where: all arrays are [receivers, cells]."""

    mean_dbm: NDArray[np.float64]
    variance_db2: NDArray[np.float64]
    """Of the mean; fading comes on top."""

    slope_basis_db: NDArray[np.float64]
    """How the mean changes when a receiver's slope grows by one."""

    doubt: Doubt

    def __post_init__(self) -> None:
        shape = self.mean_dbm.shape
        if not self.variance_db2.shape == self.slope_basis_db.shape == shape:
            raise ValueError(
                "means, variances and slopes of a map are [receivers, cells], all three"
            )
        if not (np.isfinite(self.mean_dbm).all() and (self.variance_db2 >= 0).all()):
            raise ValueError("a map's means are finite and its variances are not negative")


def unsurveyed_map(floor: Floor, grid: Grid, guess: Guess = HALL) -> RadioMap:
    """Return the map of a floor whose receivers' places are known and nothing else."""
    far = distances_m(floor, grid.centres_m, CARRIED_M)
    return RadioMap(
        mean_dbm=guess.at_1_m_dbm + guess.slope * falling_db(far),
        variance_db2=np.full(far.shape, SHADOWING_DB2),
        slope_basis_db=slope_basis_db(far),
        doubt=guess.doubt,
    )


def falling_db(far_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the strength relative to 1 m for a slope of one."""
    fall: NDArray[np.float64] = -10.0 * np.log10(np.maximum(far_m, NEAREST_M))
    return fall


def slope_basis_db(far_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how strengths change when the slope grows by one and the strength at `MIDDLE_M` stays."""
    return falling_db(far_m) - falling_db(np.array(MIDDLE_M))
