"""Inside or outside of a door, knowing of every receiver only on which side it is.

Owns: the contrast between the sides, and the Bayesian account of what contrast each side has.
Never: positions, surveys, what anyone said of the place.

Nobody can say beforehand at what contrast a carrier comes through the door: a phone in a hand crosses near
0 dB, a tag in a car near -10 dB (the bodywork shades the outer receivers). So every pair of contrasts that
the two sides may have is kept as a hypothesis, with the spread of each, and the device itself
tells which of them hold while it comes and goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIDDLE_DB: Final = np.arange(-20.0, 21.0, 2.0)
"""Hypotheses for the contrast halfway between the sides."""

MIDDLE_SD_DB: Final = 6.0
"""How far the halfway contrast lies from 0 a priori: a body shades by 6-15 dB,
one side more than the other."""

GAP_DB: Final = np.arange(6.0, 27.0, 4.0)
"""Hypotheses for the difference of contrast between outside and inside."""

GAP_MEAN_DB: Final = 14.0
"""A priori: path loss 10 n log10(7 m / 2.5 m) = 9 dB at n = 2, and 3-10 dB of wall."""

GAP_SD_DB: Final = 6.0
"""Half of the mean: so little is known about walls."""

SPREAD_DB: Final = (2.0, 5.0)
"""Hypotheses for the spread of the contrast on a side: a thing that stands still; one that moves among
shelves (shadowing 2-4.5 dB of two receivers)."""

TAIL: Final = 4.0
"""Degrees of freedom of the spread (Student's t): fades are not Gaussian."""

INDEPENDENT_S: Final = 0.3
"""Adverts closer together than this count in part: the levels that they move last as long."""

STAY_S: Final = 30.0
"""Mean time on a side a priori. Only its order of magnitude matters: 20 s and 60 s score alike."""


LEARNT: Final = 1 / 3
"""Power of each moment's evidence on the hypotheses: a carrier that stands is one sample of what its side is
like, though a hundred adverts. Results are alike from 1/2 to 1/4; with 1, long recordings learn only the
places where it stood, and crossings are found late."""

WEIGHT_LEAST: Final = 1e-200
"""No hypothesis becomes a number too small to write. Not more: at 1e-9 what a carrier did a minute ago is
forgotten, and one that stays on a side and moves there is taken to have crossed (95 % right become 83 %)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindBelief:
    """What is believed of every device, hypothesis by hypothesis.

    Shapes (devices, hypotheses): `weight`, the probability of each hypothesis (sums to 1 for a
    device), and `inside`, that of being inside if the hypothesis holds.
    """

    weight: NDArray[np.float64]
    inside: NDArray[np.float64]


def _hypotheses() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the prior (hypotheses), mean and spread of the contrast (sides, hypotheses; 0 outside)."""
    middle, gap, outer, inner = (
        axis.ravel() for axis in np.meshgrid(MIDDLE_DB, GAP_DB, SPREAD_DB, SPREAD_DB, indexing="ij")
    )
    prior = np.exp(
        -0.5 * (middle / MIDDLE_SD_DB) ** 2 - 0.5 * ((gap - GAP_MEAN_DB) / GAP_SD_DB) ** 2
    )
    return (
        prior / prior.sum(),
        np.stack([middle + gap / 2, middle - gap / 2]),
        np.stack([outer, inner]),
    )


_PRIOR, _MEAN_DB, _SPREAD_DB = _hypotheses()


def contrast_db(dbm: NDArray[np.float64], inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the strongest level outside less the strongest inside, for levels (devices, receivers).

    NaN for every device where no receiver of a side is up.
    """
    return _strongest(dbm[:, ~inside]) - _strongest(dbm[:, inside])


def no_belief(devices: int) -> BlindBelief:
    """Return what is believed before anything was heard: either side alike."""
    return BlindBelief(
        weight=np.tile(_PRIOR, (devices, 1)), inside=np.full((devices, len(_PRIOR)), 0.5)
    )


def believed(before: BlindBelief, elapsed_s: float, contrast: NDArray[np.float64]) -> BlindBelief:
    """Return the belief after `elapsed_s`, in which `contrast` (devices; NaN: nothing) was heard."""
    swap = -0.5 * np.expm1(-2 * elapsed_s / STAY_S)
    inside = before.inside * (1 - swap) + (1 - before.inside) * swap
    share = np.where(np.isnan(contrast), 0.0, min(1.0, elapsed_s / INDEPENDENT_S))[:, None, None]
    log = share * _log_density(np.nan_to_num(contrast))
    outer, inner = np.moveaxis(np.exp(log - log.max(axis=(1, 2), keepdims=True)), 1, 0)
    evidence = (1 - inside) * outer + inside * inner
    weight = before.weight * evidence**LEARNT
    weight = np.maximum(weight / weight.sum(axis=1, keepdims=True), WEIGHT_LEAST)
    return BlindBelief(
        weight=weight / weight.sum(axis=1, keepdims=True), inside=inside * inner / evidence
    )


def inside_by_contrast(belief: BlindBelief) -> NDArray[np.float64]:
    """Return the probability of being inside (devices)."""
    inside: NDArray[np.float64] = (belief.weight * belief.inside).sum(axis=1)
    return inside


def _log_density(contrast: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log density (contrasts, sides, hypotheses), up to one constant for all."""
    off = (contrast[:, None, None] - _MEAN_DB) / _SPREAD_DB
    log: NDArray[np.float64] = -np.log(_SPREAD_DB) - (TAIL + 1) / 2 * np.log1p(off**2 / TAIL)
    return log


def _strongest(dbm: NDArray[np.float64]) -> NDArray[np.float64]:
    top = np.max(np.where(np.isnan(dbm), -np.inf, dbm), axis=1, initial=-np.inf)
    return np.where(np.isinf(top), np.nan, top)
