"""Learning the sides of a door from runs whose truth is known.

Owns: which rows are learned from, and the regularised fit.
Never: reading runs, judging devices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_server.core.zones.side_features import side_features
from shopbell_server.core.zones.side_levels import SILENT_S, heard, known_dbm, no_levels
from shopbell_server.core.zones.side_model import CarrierModel, SideModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RIDGE: Final = 0.001
"""Penalty on a squared weight, for each row: 20 for the 7 000 rows of twelve minutes at 10 Hz."""

COV_FLOOR_DB2: Final = 25.0
"""Added to every receiver's variance: another way through the same door, a phone turned, is 3 dB off."""

SCALE_LEAST_DB: Final = 0.5
"""A feature is never taken to vary by less: levels come in whole dB."""

THINNED_S: Final = 1.0
"""Every run is learned from at its own rate and at one advert a second, for phones that send so."""

STEPS: Final = 25
"""Newton steps. It converges in about eight; a penalised logistic fit has one optimum and no way round it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SideRun:
    """One surveyed run.

    Shapes: `at_s` (ticks), ascending, evenly spaced; `rssi_dbm` (ticks, receivers), NaN where unheard;
    `inside` (ticks): 1 inside, 0 outside, -1 not known.
    """

    carrier: str
    at_s: NDArray[np.float64]
    rssi_dbm: NDArray[np.float64]
    inside: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Levels (spans, rows, receivers) and the side of each row (1 inside, 0 outside)."""

    dbm: NDArray[np.float64]
    inside: NDArray[np.int64]


def learned_sides(runs: Sequence[SideRun], inside: NDArray[np.bool_]) -> SideModel:
    """Return what `runs` teach of a door whose receivers are on the sides `inside` (receivers).

    The same runs in the same order give the same model. Raises `ValueError` for a carrier that was not
    surveyed on both sides, and where there is no run.
    """
    if not runs:
        raise ValueError("no run to learn from: record at least one survey")
    rows = {
        carrier: _joined([_rows(run) for run in runs if run.carrier == carrier])
        for carrier in sorted({run.carrier for run in runs})
    }
    for carrier, known in rows.items():
        if len(set(known.inside.tolist())) < 2:  # noqa: PLR2004 - a door has two sides
            raise ValueError(f"carrier {carrier!r} was not surveyed on both sides: walk in and out")
    usual = np.mean([known.dbm[0].mean(axis=0) for known in rows.values()], axis=0)
    return SideModel(
        usual_dbm=usual,
        carriers=tuple(_learned(carrier, known, inside, usual) for carrier, known in rows.items()),
    )


def _rows(run: SideRun) -> _Rows:
    """Return the run's levels at its own rate, and thinned from every first tick on."""
    ticks, receivers = run.rssi_dbm.shape
    every = max(1, round(THINNED_S / float(np.median(np.diff(run.at_s)))))
    levels = no_levels(1 + every, receivers)
    up = np.ones(receivers, dtype=bool)
    dbm = []
    for tick in range(ticks):
        hears = np.zeros((1 + every, 1), dtype=bool)
        hears[[0, 1 + tick % every]] = True
        levels = heard(levels, float(run.at_s[tick]), np.where(hears, run.rssi_dbm[tick], np.nan))
        dbm.append(known_dbm(levels, up)[:, hears[:, 0]])
    use = (run.inside >= 0) & (run.at_s - run.at_s[0] > SILENT_S)
    if not use.any():
        return _Rows(
            dbm=np.empty((len(levels.dbm), 0, receivers)), inside=np.empty(0, dtype=np.int64)
        )
    return _Rows(
        dbm=np.concatenate([one for one, used in zip(dbm, use, strict=True) if used], axis=1),
        inside=np.repeat(run.inside[use], 2),
    )


def _joined(parts: Sequence[_Rows]) -> _Rows:
    return _Rows(
        dbm=np.concatenate([part.dbm for part in parts], axis=1),
        inside=np.concatenate([part.inside for part in parts]),
    )


def _learned(
    carrier: str, rows: _Rows, inside: NDArray[np.bool_], usual: NDArray[np.float64]
) -> CarrierModel:
    features = np.vstack(
        [side_features(dbm, inside, usual) for dbm in (rows.dbm, _one_receiver_down(rows.dbm))]
    )
    mean = np.nanmean(features, axis=0)
    scale = np.maximum(np.nanstd(features, axis=0), SCALE_LEAST_DB)
    fitted = _logistic(
        np.nan_to_num((features - mean) / scale, nan=0.0), np.tile(rows.inside, 2).astype(float)
    )
    sides = [rows.dbm[1][rows.inside == side] for side in (0, 1)]
    return CarrierModel(
        carrier=carrier,
        mean=mean,
        scale=scale,
        weight=fitted[:-1],
        bias=float(fitted[-1]),
        level_dbm=np.stack([side.mean(axis=0) for side in sides]),
        level_cov=np.stack(
            [np.cov(side.T, bias=True) + COV_FLOOR_DB2 * np.eye(len(inside)) for side in sides]
        ),
    )


def _one_receiver_down(dbm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the levels with another receiver blind in every row: weight is spread over all of them."""
    spans, rows, receivers = dbm.shape
    down = np.arange(rows)[:, None] % receivers == np.arange(receivers)
    return np.where(np.broadcast_to(down, (spans, rows, receivers)), np.nan, dbm)


def _logistic(features: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights and, last, the bias of the ridge-penalised logistic fit (bias not penalised)."""
    design = np.hstack([features, np.ones((len(features), 1))])
    penalty = np.full(design.shape[1], RIDGE * len(features))
    penalty[-1] = 0.0
    weight = np.zeros(design.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ weight, -30, 30)))
        slope = design.T @ (target - chance) - penalty * weight
        curve = (design.T * np.maximum(chance * (1 - chance), 1e-6)) @ design + np.diag(penalty)
        weight = weight + np.linalg.solve(curve, slope)
    return weight
