"""What a survey teaches about the sides of a door, as a value.

Owns: how a carrier's weights judge features, and how well levels fit that carrier.
Never: how the weights were found, what was believed before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

OFFSET_SD_DB: Final = 10.0
"""Phones of one kind differ by 7 dB and bodies add 6-15: which strength a device has is left open."""

STRANGE_SD_DB: Final = 8.0
"""Spread of a receiver's level for a carrier that nobody surveyed: two sides 14 dB apart are ± 7 dB, with
4 dB of shadowing."""

LIKE: Final = 0.8
"""Share of its time that a carrier nobody surveyed looks like a surveyed one: at most places it is as far
from every receiver. Likeness then adds log(1/0.8) = 0.22, one moment of unlikeness takes 5 or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierModel:
    """What was learned with one kind of carrier (a person, a trolley, a car).

    Shapes: `mean`, `scale`, `weight` (features); `level_dbm` (sides, receivers); `level_cov` (sides,
    receivers, receivers), positive definite.
    """

    carrier: str
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weight: NDArray[np.float64]
    bias: float
    level_dbm: NDArray[np.float64]
    level_cov: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SideModel:
    """What the surveys of one door taught: `usual_dbm` (receivers), and every carrier."""

    usual_dbm: NDArray[np.float64]
    carriers: tuple[CarrierModel, ...]


def inside_by_survey(model: CarrierModel, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log-odds of being inside (devices). A feature that is NaN counts as the usual one."""
    usual = np.nan_to_num((features - model.mean) / model.scale, nan=0.0)
    log_odds: NDArray[np.float64] = usual @ model.weight + model.bias
    return log_odds


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How well carriers explain levels.

    Shapes (devices, carriers): `likeness`, the logarithm of the probability density; `trust`, by how
    much that is better than what a stranger's would be.
    """

    likeness: NDArray[np.float64]
    trust: NDArray[np.float64]


def fit_of(carriers: Sequence[CarrierModel], dbm: NDArray[np.float64]) -> Fit:
    """Return how well each carrier explains levels (devices, receivers; NaN unknown).

    A stranger is like that carrier in LIKE of all moments, and otherwise anything: likeness proves
    little, unlikeness much.
    """
    likeness = np.zeros((len(dbm), len(carriers)))
    trust = np.zeros_like(likeness)
    known = ~np.isnan(dbm)
    for pattern in np.unique(known, axis=0):
        if pattern.any():
            rows = (known == pattern).all(axis=1)
            levels = dbm[np.ix_(rows, pattern)]
            for at, one in enumerate(carriers):
                own = _log_likeness(one, levels, pattern)
                middle = levels - one.level_dbm[:, pattern].mean()
                strange = _log_density(middle, STRANGE_SD_DB**2 * np.eye(levels.shape[1]))
                likeness[rows, at] = own
                trust[rows, at] = own - np.logaddexp(np.log(LIKE) + own, np.log(1 - LIKE) + strange)
    return Fit(likeness=likeness, trust=trust)


def _log_likeness(
    model: CarrierModel, dbm: NDArray[np.float64], pattern: NDArray[np.bool_]
) -> NDArray[np.float64]:
    block = np.ix_(pattern, pattern)
    outer, inner = (
        _log_density(dbm - level[pattern], cov[block])
        for level, cov in zip(model.level_dbm, model.level_cov, strict=True)
    )
    likeness: NDArray[np.float64] = np.logaddexp(outer, inner) - np.log(2)
    return likeness


def _log_density(off: NDArray[np.float64], cov: NDArray[np.float64]) -> NDArray[np.float64]:
    wide = cov + OFFSET_SD_DB**2
    distance = (off * np.linalg.solve(wide, off.T).T).sum(axis=1)
    density: NDArray[np.float64] = -0.5 * (distance + np.linalg.slogdet(wide)[1])
    return density
