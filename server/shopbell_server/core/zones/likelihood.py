"""How well a tick's readings fit each cell, for all devices at once.

Owns: the model of one reading: fading, outliers, readings that resemble the one before, and silence.
Never: motion, or learning.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_server.core.zones.calibration import picked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shopbell_server.core.zones.calibration import Learnt
    from shopbell_server.core.zones.radio_map import RadioMap

FADING_DB: Final = 5.0
"""Of one reading around its place's mean, one sigma: 4.5-5.6 dB on a moving beacon, three channels in
one."""

TAILS: Final = 8.0
"""Degrees of freedom of Student's t: a reading 20 dB off, a hand over the phone or a collision, weighs as
one of 10 dB."""

HIDES_DB: Final = 35.0
"""What is in the way takes anything up to this: a body 5 to 20 dB, a gondola 6 to 12, a metal shelf more."""

T_PEAK: Final = math.gamma((TAILS + 1) / 2) / (math.gamma(TAILS / 2) * math.sqrt(TAILS * math.pi))
"""Of Student's t, at its middle, for a sigma of one."""

ALIKE_S: Final = 0.3
"""Readings this close together say half of something new each: with weight t / (t + 0.3 s), ten a second
and one a second are both used for what they are worth (0.25 and 0.77 each)."""

LONGEST_S: Final = 5.0
"""After so long a reading is new whatever was before."""

RECEIVED: Final = 0.85
"""Of adverts that are strong enough: the rest collides or falls between scan windows (measured .85-.88)."""

FAINT_DBM: Final = -96.0
FAINT_SD_DB: Final = 4.0
"""Half of the adverts of this mean strength are too weak; soft, as fading lifts some."""

SURE_DB: Final = 1.0
"""From then on a device's level is taken as it is: a dB moves a place by a tenth of its distance."""

LEVELS: Final = np.linspace(-2.25, 2.25, 7)
"""Levels that are tried while it is not sure, in sigmas: 4 dB apart for a device that nobody knows, which is
less than what one reading fades by."""

ONE_LEVEL: Final = np.zeros(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What it says that nothing came of a receiver that listens."""

    faint_dbm: float
    """Of what has this mean strength half comes, were nothing lost."""
    faint_sd_db: float
    received: float
    """Of what is strong enough, so much comes."""
    by_level: bool
    """Whether it counts how loud a device has shown itself to be."""


ADVERTS: Final = Silence(
    faint_dbm=FAINT_DBM, faint_sd_db=FAINT_SD_DB, received=RECEIVED, by_level=False
)
"""Of a radio: what is faint is lost. Minding a device's level brought nothing on recordings."""

LOUDEST_DBM: Final = -20.0
"""Nothing on a shop floor is stronger; drivers write 0 or 127 where they know no strength."""


def usable(rssi_dbm: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which readings are readings: neither missing nor what drivers write instead of one."""
    real: NDArray[np.bool_] = np.isfinite(rssi_dbm) & (rssi_dbm <= LOUDEST_DBM)
    return real


def newness(silent_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a reading is worth that comes so long after the one before of its receiver."""
    waited = np.minimum(silent_s, LONGEST_S)
    worth: NDArray[np.float64] = waited / (waited + ALIKE_S)
    return worth


def missed_log(mean_dbm: NDArray[np.float64], silence: Silence = ADVERTS) -> NDArray[np.float64]:
    """Return the log-likelihood of hearing nothing where that mean is expected."""
    above = (mean_dbm - silence.faint_dbm) / silence.faint_sd_db
    strong = 1.0 / (1.0 + np.exp(-1.7 * above))
    silent: NDArray[np.float64] = np.log1p(-silence.received * strong)
    return silent


def expected(
    radio: RadioMap, known: Learnt, receiver: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean (dBm) and variance (dB²) of one receiver's readings, each [devices, cells]."""
    basis = radio.slope_basis_db[receiver]
    offset, slope = known.mean[:, receiver, 0, None], known.mean[:, receiver, 1, None]
    spread = known.covariance[:, receiver]
    mean = radio.mean_dbm[receiver] + offset + slope * basis
    variance = radio.variance_db2[receiver] + spread[:, 0, 0, None] + FADING_DB**2
    variance = variance + 2 * spread[:, 0, 1, None] * basis + spread[:, 1, 1, None] * basis**2
    return mean, variance


def log_likelihood(
    radio: RadioMap,
    known: Learnt,
    rssi_dbm: NDArray[np.float64],
    worth: NDArray[np.float64],
    missed: NDArray[np.float64],
    silence: Silence = ADVERTS,
) -> NDArray[np.float64]:
    """Return log-likelihoods up to a constant per device: [devices, cells].

    `rssi_dbm` is [devices, receivers], NaN where nothing usable was heard; `worth` as much, from `newness`;
    `missed` as much: what a silence is worth, 0 to 1, 0 for a receiver that cannot be relied on.
    """
    total = np.zeros((len(rssi_dbm), radio.mean_dbm.shape[1]))
    unsure = known.level_sd_db > SURE_DB
    for these, levels in ((~unsure, ONE_LEVEL), (unsure, LEVELS)):
        if these.any():
            total[these] = _of_heard(
                radio, picked(known, these), rssi_dbm[these], worth[these], levels
            )
    louder_db = known.level_db[:, None] if silence.by_level else 0.0
    for receiver in np.flatnonzero(missed.any(axis=0)).tolist():
        unheard = missed_log(radio.mean_dbm[receiver] + louder_db, silence)
        total += missed[:, receiver, None] * unheard
    return total


def _of_heard(
    radio: RadioMap,
    known: Learnt,
    rssi_dbm: NDArray[np.float64],
    worth: NDArray[np.float64],
    levels: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return log-likelihoods of readings, averaged over levels that many sigmas from the likeliest."""
    shape = (len(levels), len(rssi_dbm), radio.mean_dbm.shape[1])
    odds = np.exp(-0.5 * np.square(levels))
    logs = np.broadcast_to(np.log(odds / odds.sum())[:, None, None], shape).copy()
    level_db = known.level_db + levels[:, None] * known.level_sd_db
    louder_db = np.clip(level_db, 0.0, radio.doubt.nearer_db)
    shift_db = level_db - louder_db - known.level_db
    for receiver in np.flatnonzero(np.isfinite(rssi_dbm).any(axis=0)).tolist():
        here = np.isfinite(rssi_dbm[:, receiver])
        theirs = picked(known, here)
        mean, variance = expected(radio, theirs, receiver)
        follows = theirs.follows[:, receiver]
        sway = follows[:, :1] + follows[:, 1:] * radio.slope_basis_db[receiver]
        own = variance - np.square(sway * theirs.level_sd_db[:, None])
        off = rssi_dbm[here, receiver, None] - mean - shift_db[:, here, None] * sway
        logs[:, here] += worth[here, receiver, None] * _fit(off, own, radio.doubt.hidden)
    top = logs.max(axis=0)
    averaged: NDArray[np.float64] = top + np.log(np.exp(logs - top).sum(axis=0))
    return averaged


def _fit(
    off_db: NDArray[np.float64], variance_db2: NDArray[np.float64], hidden: float
) -> NDArray[np.float64]:
    """Return the log-likelihood of readings that far from their mean, up to a constant.

    Those that are `hidden` may be fainter by anything up to `HIDES_DB`, and are never louder for it.
    """
    open_log = -0.5 * (TAILS + 1) * np.log1p(np.square(off_db) / (TAILS * variance_db2))
    open_log -= 0.5 * np.log(variance_db2)
    if not hidden:
        return open_log
    sd_db = np.sqrt(variance_db2)
    fainter = _below(off_db + HIDES_DB, sd_db) - _below(off_db, sd_db)
    mixed: NDArray[np.float64] = np.log(
        (1 - hidden) * T_PEAK * np.exp(open_log) + hidden * fainter / HIDES_DB
    )
    return mixed


def _below(level_db: NDArray[np.float64], sd_db: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much of a bell lies below; logistic, whose 1.7 is the bell's to a hundredth."""
    part: NDArray[np.float64] = 0.5 + 0.5 * np.tanh(0.85 * level_db / sd_db)
    return part


def trusted(
    radio: RadioMap, known: Learnt, receiver: int, rssi_dbm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how much a reading is one of the usual kind, 0 to 1, per cell: outliers teach little."""
    mean, variance = expected(radio, known, receiver)
    off = np.square(rssi_dbm[:, None] - mean) / variance
    return np.minimum((TAILS + 1) / (TAILS + off), 1.0)
