"""The air of the simulator beside recordings of a real one: same place, same ways, same measures."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

from shopbell_sim.core.ether.numbers import Ether
from shopbell_sim.core.ether.receptions import Company, Ears, Sent
from shopbell_sim.core.outing.handset import Handset
from shopbell_sim.core.outing.itinerary import Itinerary
from shopbell_sim.core.site.site import LevelPlan, Place, Receiver, Site
from tests.shared import SHARED

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

FOLDER = SHARED / "data" / "tetam"

HALL = Ether(
    shadowing_sd_db=1.5,
    decorrelation_m=3.0,
    receiver_sd_db=0.5,
    rician_moving_db=1.0,
    lost=0.13,
    lost_run=1.25,
)
"""A hall without racks or people; the other numbers are a shop's."""

RIG = Handset(
    platform="android",
    offset_db=4.0,
    rests="bag",
    body_db=(3.0, 3.0, 3.0),
    addresses_from_s=0.0,
)
"""A beacon on a rig, with hardly a body beside it."""

SCAN_MS = 960.0
"""The recording's strength has a period of 2.88 s: three channels of 0.96 s."""

BEHIND = 7
"""Advertisements of 3 s."""

UNHEARD_DBM = -120.0


class Track(NamedTuple):
    times_s: Numbers
    xs: Numbers
    ys: Numbers
    rssi_dbm: Numbers
    """By moment and receiver; NaN where it was not heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    still_sd_db: float
    step_sd_db: float
    reception: float
    gap_run: float
    flips_per_hour: float
    strongest: float
    strongest_3_s: float


def rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt") as file:
        return list(csv.DictReader(file))


@cache
def receivers() -> dict[str, Any]:
    path = FOLDER / "site.json"
    if not path.is_file():
        pytest.skip("no recordings: set SHOPBELL_SHARED to the folder that has data/tetam")
    loaded: dict[str, Any] = json.loads(path.read_text())["receivers"]
    return loaded


@cache
def recorded() -> tuple[Track, ...]:
    names = list(receivers())
    tracks = []
    for path in sorted(FOLDER.glob("*.truth.csv.gz")):
        truth = rows(path)
        times = np.array([float(row["t"]) for row in truth])
        rssi = np.full((len(times), len(names)), np.nan)
        for row in rows(path.with_name(path.name.replace("truth", "events"))):
            moment = np.searchsorted(times, float(row["t"]) + 0.2) - 1
            rssi[max(int(moment), 0), names.index(row["rx"])] = float(row["rssi"])
        xs, ys = (np.array([float(row[key]) for row in truth]) for key in "xy")
        tracks.append(Track(times, xs, ys, rssi))
    return tuple(tracks)


@cache
def surveyed() -> tuple[tuple[float, float, tuple[float, ...], Numbers], ...]:
    """Return of each point where it is, when it was measured, and what was heard there."""
    points: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in rows(FOLDER / "survey.csv.gz"):
        points.setdefault((row["set"], row["x"], row["y"]), []).append(row)
    names = list(receivers())
    return tuple(
        (
            float(x),
            float(y),
            tuple(sorted({float(row["t"]) for row in at})),
            np.array([[float(row[name] or "nan") for name in names] for row in at]),
        )
        for (_, x, y), at in sorted(points.items())[::4]
    )


def simulated() -> tuple[list[Track], list[Numbers]]:
    rng = np.random.default_rng(1)
    ears = Ears(hall(), HALL, rng)

    def heard(itinerary: Itinerary, times_s: Numbers) -> Numbers:
        nothing = np.zeros(len(times_s))
        numbers = np.zeros(len(times_s), dtype=np.int64)
        company = Company(per_m2=nothing, packets_per_ms=nothing)
        them = ears.hear(rng, Sent(times_s, numbers, numbers), itinerary, RIG, company)
        rssi = np.full((len(times_s), len(receivers())), np.nan)
        rssi[np.searchsorted(times_s, them.times_s), them.receivers] = them.rssi_dbm
        return rssi

    tracks = [each._replace(rssi_dbm=heard(way(each), each.times_s)) for each in recorded()]
    still = [heard(place(x, y, times[-1]), np.array(times)) for x, y, times, _ in surveyed()]
    return tracks, still


def hall() -> Site:
    level = LevelPlan(
        number=0, name="Hall", width_m=20.66, depth_m=17.64, zones=(), walls=(), racks=()
    )
    return Site(
        name="Hall",
        street_m=0,
        levels=(level,),
        doors=(),
        stairs=(),
        tills=(),
        receivers=tuple(
            Receiver(
                name=name,
                edge=name,
                zone="",
                at=Place(0, *each["pos"][:2]),
                height_m=each["pos"][2],
                rests_s=0.0,
                scan_ms=SCAN_MS,
            )
            for name, each in receivers().items()
        ),
    )


def way(track: Track) -> Itinerary:
    dx, dy = (np.diff(each, append=each[-1]) for each in (track.xs, track.ys))
    steps_s = np.diff(track.times_s, append=track.times_s[-1] + 1)
    return Itinerary(
        times_s=track.times_s,
        levels=np.zeros(len(dx), dtype=np.int64),
        xs=track.xs,
        ys=track.ys,
        headings_rad=np.arctan2(dy, dx),
        moving=np.hypot(dx, dy) / steps_s > 0.1,
    )


def place(x: float, y: float, until_s: float) -> Itinerary:
    two = np.zeros(2)
    return Itinerary(
        times_s=np.array([0.0, until_s + 1]),
        levels=two.astype(np.int64),
        xs=two + x,
        ys=two + y,
        headings_rad=two,
        moving=two.astype(np.bool_),
    )


def measured(tracks: list[Track], still: list[Numbers]) -> Measures:
    heard = np.concatenate([~np.isnan(each.rssi_dbm) for each in tracks])
    steps = np.concatenate([np.diff(each.rssi_dbm, axis=0).ravel() for each in tracks])
    runs = [
        len(list(run))
        for each in tracks
        for column in np.isnan(each.rssi_dbm).T
        for lost, run in itertools.groupby(column.tolist())
        if lost
    ]
    spreads = [
        float(np.nanstd(column, ddof=1))
        for each in still
        for column in each.T
        if np.sum(~np.isnan(column)) >= 4
    ]
    flips = right = right_3_s = moments = 0
    for each in tracks:
        truth, nearest = quadrants(each)
        now = np.where(np.isnan(each.rssi_dbm), UNHEARD_DBM, each.rssi_dbm).argmax(axis=1)
        windows = (each.rssi_dbm[max(0, at - BEHIND + 1) : at + 1] for at in range(len(now)))
        lately = np.array([mean_of(window) for window in windows])
        flips += int(np.sum(np.diff(now) != 0))
        right += int(np.sum(nearest[now] == truth))
        right_3_s += int(np.sum(nearest[lately.argmax(axis=1)] == truth))
        moments += len(now)
    seconds = sum(float(each.times_s[-1] - each.times_s[0]) for each in tracks)
    return Measures(
        still_sd_db=float(np.median(spreads)),
        step_sd_db=float(np.nanstd(steps)),
        reception=float(heard.mean()),
        gap_run=float(np.mean(runs)),
        flips_per_hour=flips / seconds * 3600,
        strongest=right / moments,
        strongest_3_s=right_3_s / moments,
    )


def mean_of(rssi_dbm: Numbers) -> Numbers:
    known = ~np.isnan(rssi_dbm)
    total = np.where(known, rssi_dbm, 0.0).sum(axis=0)
    count = known.sum(axis=0)
    mean: Numbers = np.where(count > 0, total / np.maximum(count, 1), UNHEARD_DBM)
    return mean


def quadrants(track: Track) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which Pi is nearest at each moment, and which to each receiver."""
    at = np.array([each["pos"][:2] for each in receivers().values()])
    pis = at[[each["pi"] for each in receivers().values()]]
    here = np.column_stack([track.xs, track.ys])
    return (
        np.argmin(np.hypot(*(here[:, None] - pis).transpose(2, 0, 1)), axis=1),
        np.argmin(np.hypot(*(at[:, None] - pis).transpose(2, 0, 1)), axis=1),
    )


def test_simulated_signals_are_as_hard_as_recorded_ones() -> None:
    receivers()
    real = measured(list(recorded()), [heard for *_, heard in surveyed()])
    ours = measured(*simulated())

    assert ours.still_sd_db == pytest.approx(real.still_sd_db, abs=1.0)
    assert ours.step_sd_db == pytest.approx(real.step_sd_db, abs=1.0)
    assert ours.reception == pytest.approx(real.reception, abs=0.04)
    assert ours.gap_run == pytest.approx(real.gap_run, abs=0.25)
    assert math.isclose(ours.flips_per_hour, real.flips_per_hour, rel_tol=0.15)
    assert ours.strongest == pytest.approx(real.strongest, abs=0.10)
    assert ours.strongest_3_s == pytest.approx(real.strongest_3_s, abs=0.10)
