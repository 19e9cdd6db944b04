"""Estimates of where somebody was, scored against recorded truth.

The definitions are those of `score.py` beside the recordings; this one needs no pandas.
"""

from __future__ import annotations

import csv
import gzip
import json
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

CLOSE_S: Final = 2.0
"""A crossing that is told within this much of the real one is found."""

NOWHERE: Final = -1
"""The zone before the first estimate."""


class SideScore(NamedTuple):
    """One run at a door."""

    accuracy: float
    event_f1: float
    found: int
    told: int
    real: int


class ZoneScore(NamedTuple):
    """One walk over a floor."""

    samples: int
    guarded: float
    """Share of right samples among those that are a guard's width or more from a border of zones."""
    guarded_samples: int
    """How many those are; where there is none, none is right."""
    mean_m: float


def side_score(truth: Path, estimates: Path) -> SideScore:
    """Return how well `t,inside` in `estimates` says what `t,inside` in `truth` is."""
    known, said = _columns(truth), _columns(estimates)
    at_s, inside = known["t"], known["inside"]
    got = _held(said["t"], said["inside"], at_s, 0)
    found, told, real = _events(at_s, inside, got)
    f1 = 2 * found / (told + real) if found else 0.0
    return SideScore(
        accuracy=float((got == inside).mean()), event_f1=f1, found=found, told=told, real=real
    )


def zone_score(truth: Path, estimates: Path, site: Path) -> ZoneScore:
    """Return how well `t,zone,x,y` in `estimates` says what `t,x,y,zone` in `truth` is."""
    known, said = _columns(truth), _columns(estimates)
    zone = _held(said["t"], said["zone"], known["t"], NOWHERE)
    off = np.hypot(
        *(_held(said["t"], said[axis], known["t"], np.nan) - known[axis] for axis in "xy")
    )
    plan = json.loads(site.read_text())
    corners = [each["rect"] for each in plan["zones"].values()]
    apart = np.min(
        [
            np.abs(known[axis] - border)
            for axis, (low, high) in {"x": (0, 2), "y": (1, 3)}.items()
            for border in _inner(corner[side] for corner in corners for side in (low, high))
        ],
        axis=0,
    )
    inner = apart >= plan["guard_m"]
    return ZoneScore(
        samples=len(zone),
        guarded=float((zone == known["zone"])[inner].mean()) if inner.any() else 0.0,
        guarded_samples=int(inner.sum()),
        mean_m=float(np.nanmean(off)),
    )


def _columns(path: Path) -> dict[str, NDArray[np.float64]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    values = np.array(rows[1:], dtype=float)
    return dict(zip(rows[0], values.T, strict=True))


def _held(
    times: NDArray[np.float64],
    values: NDArray[np.float64],
    at_s: NDArray[np.float64],
    before: float,
) -> NDArray[np.float64]:
    """Return the values that hold at those times: each holds until the next."""
    last = np.searchsorted(times, at_s, side="right") - 1
    return np.where(last >= 0, values[np.maximum(last, 0)], before)


def _inner(borders: Iterable[float]) -> list[float]:
    """Return the borders but the outermost two."""
    return sorted(set(borders))[1:-1]


def _events(
    at_s: NDArray[np.float64], real: NDArray[np.float64], got: NDArray[np.float64]
) -> tuple[int, int, int]:
    """Return how many crossings were found, told and real; each is found once, the nearest first."""
    wanted, told = _crossings(at_s, real), _crossings(at_s, got)
    used: set[int] = set()
    for moment, *ways in wanted:
        near = [
            (abs(when - moment), number)
            for number, (when, *said) in enumerate(told)
            if number not in used and said == ways and abs(when - moment) <= CLOSE_S
        ]
        if near:
            used.add(min(near)[1])
    return len(used), len(told), len(wanted)


def _crossings(
    at_s: NDArray[np.float64], values: NDArray[np.float64]
) -> list[tuple[float, float, float]]:
    changed = np.flatnonzero(np.diff(values)) + 1
    return [(float(at_s[one]), float(values[one - 1]), float(values[one])) for one in changed]
