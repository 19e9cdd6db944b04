"""The radio map of a floor that somebody surveyed: a Gaussian process per receiver.

Owns: turning what a phone sounded like at known points into means and variances for every cell.
Never: how a survey is walked, or whether it is good enough to be used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_server.core.zones.grid import distances_m
from shopbell_server.core.zones.radio_map import (
    AT_1_M_DBM,
    SLOPE,
    SURVEYED,
    RadioMap,
    falling_db,
    slope_basis_db,
    unsurveyed_map,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shopbell_server.core.zones.floor import Floor
    from shopbell_server.core.zones.grid import Grid

SMOOTH_M: Final = 4.0
"""Shadows of one receiver 4 m apart still resemble one another (e⁻¹). The likelihood of a survey of 126
points is flat from 4 to 9 m, and falls below."""

SHADOW_DB: Final = 3.0
"""How much walls and shelves add, one sigma: the same survey, flat between 3 and 4."""

POINT_DB: Final = 3.0
"""How far a point's mean is from its neighbourhood's, one sigma: fading over centimetres, which averaging
over time does not remove. The same survey, 2.5-3."""

AT_1_M_SD_DB: Final = 5.0
SLOPE_SD: Final = 0.5
"""The trend that the shadows lie on, before the survey: wide enough that 20 points decide."""

HEARD_SHARE: Final = 0.1
"""A point at which fewer than a tenth of the adverts came through is at the floor of what a radio hears."""

FLOOR_DBM: Final = -97.0
"""That floor: receivers of shops end at -94 to -100 dBm."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Survey:
    """What was heard at known points; rows are points, columns are the floor's receivers."""

    points_m: NDArray[np.float64]
    """[points, 2]"""

    height_m: float
    mean_dbm: NDArray[np.float64]
    """[points, receivers]; NaN where nothing was heard."""

    heard_share: NDArray[np.float64]
    """[points, receivers]: of the adverts sent; NaN for a receiver that was not listening."""

    def __post_init__(self) -> None:
        shape = self.mean_dbm.shape
        if self.points_m.shape != (shape[0], 2) or self.heard_share.shape != shape or not shape[0]:
            raise ValueError(
                "a survey has one row per point for places, means and shares, at least one"
            )


def surveyed_map(floor: Floor, grid: Grid, survey: Survey) -> RadioMap:
    """Return the map that a survey gives; a receiver that it never heard has the unsurveyed one."""
    if survey.mean_dbm.shape[1] != len(floor.receivers):
        raise ValueError(
            f"the survey has {survey.mean_dbm.shape[1]} receivers, the floor {len(floor.receivers)}; "
            "survey again"
        )
    blind = unsurveyed_map(floor, grid)
    mean, variance = blind.mean_dbm.copy(), blind.variance_db2.copy()
    at_points = distances_m(floor, survey.points_m, survey.height_m)
    at_cells = distances_m(floor, grid.centres_m, survey.height_m)
    near = _alike(survey.points_m, survey.points_m)
    reach = _alike(grid.centres_m, survey.points_m)
    for receiver in range(len(floor.receivers)):
        level = np.where(
            survey.heard_share[:, receiver] < HEARD_SHARE, FLOOR_DBM, survey.mean_dbm[:, receiver]
        )
        known = np.isfinite(level)
        if not np.isfinite(survey.mean_dbm[:, receiver]).any():
            continue
        mean[receiver], variance[receiver] = _process(
            level[known],
            near[np.ix_(known, known)],
            reach[:, known],
            _trend(at_points[receiver, known]),
            _trend(at_cells[receiver]),
        )
    return RadioMap(
        mean_dbm=mean,
        variance_db2=variance,
        slope_basis_db=slope_basis_db(at_cells),
        doubt=SURVEYED,
    )


def _alike(one_m: NDArray[np.float64], other_m: NDArray[np.float64]) -> NDArray[np.float64]:
    apart = np.sqrt(np.square(one_m[:, None] - other_m[None]).sum(axis=2))
    alike: NDArray[np.float64] = SHADOW_DB**2 * np.exp(-apart / SMOOTH_M)
    return alike


def _trend(far_m: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.ones_like(far_m), falling_db(far_m)], axis=1)


def _process(
    level: NDArray[np.float64],
    near: NDArray[np.float64],
    reach: NDArray[np.float64],
    trend: NDArray[np.float64],
    trend_there: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and variance at the cells: regression with a prior on the trend's two numbers."""
    first = np.array([AT_1_M_DBM, SLOPE])
    prior = np.diag([AT_1_M_SD_DB**2, SLOPE_SD**2])
    among = near + POINT_DB**2 * np.eye(len(level)) + trend @ prior @ trend.T
    across = reach + trend_there @ prior @ trend.T
    root = np.linalg.cholesky(among)
    pulled = np.linalg.solve(root, across.T)
    mean = trend_there @ first + pulled.T @ np.linalg.solve(root, level - trend @ first)
    before = SHADOW_DB**2 + np.einsum("ci,ij,cj->c", trend_there, prior, trend_there)
    return mean, np.maximum(before - np.square(pulled).sum(axis=0), 0.0)
