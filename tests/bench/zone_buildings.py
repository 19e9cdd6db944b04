"""Zones in buildings that nobody tuned for: drawn by number, through `shopbell-sim replay`."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from shopbell_sim import replay
from shopbell_sim.replay_asked import Replay
from tests.bench.report import Report, figure
from tests.bench.zone_scores import zone_score

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

TITLE: Final = "Zones: buildings that nobody has seen"
MEASURES: Final = (
    "Six simulated buildings (seeds 0 to 5) of 10 to 30 m by 8 to 20 m, with 3 to 12 receivers "
    "anywhere, through `shopbell-sim replay` as the recordings are. Strength falls by an exponent of 1.5 "
    "to 3, with shadows of 2 to 5 dB that last 1.5 to 4 m, receivers that differ by 1 to 4 dB, a body "
    "that takes off 3 to 12 dB to one side, fading of 4.5 dB, a tenth of the adverts lost and one "
    "receiver in five buildings dead. Two people walk from corner to corner, stand now and then, and send "
    "every 0.25 to 1 s. Known: their phones send as the map has it; unknown: they differ from it by 7 dB, "
    "one sigma, and so does the surveyor's. A row's runs are the buildings."
)
BUILDINGS: Final = 6
WALKERS: Final = 2
WALK_S: Final = 60.0
UNKNOWN_SD_DB: Final = 7.0
AT_1_M_DBM: Final = -61.0
FADING_DB: Final = 4.5
RECEIVED: Final = 0.9
FAINTEST_DBM: Final = -96.0
SURVEY_READINGS: Final = 20
GUARD_M: Final = 1.0
WIDE_M: Final = 12.0
"""A longer side is cut into three zones, a shorter one into two."""

WITH_DEAD: Final = 0.2
"""Of all buildings: one receiver there hears nothing."""

STANDS: Final = 0.4
"""At so many corners."""


class Building(NamedTuple):
    """What is drawn of a building: metres, dB."""

    size_m: NDArray[np.float64]
    receivers_m: NDArray[np.float64]
    """[receivers, 3]"""
    slope: float
    offsets_db: NDArray[np.float64]
    waves: NDArray[np.float64]
    """[receivers, waves, 3]: wave numbers along x and y, and phases, of its shadows."""
    shadow_db: float
    dead: int | None

    @property
    def names(self) -> list[str]:
        return [f"r{number}" for number in range(len(self.receivers_m))]


async def measure(*, long: bool) -> Report:
    """Draw the buildings, walk through them, replay and score."""
    del long
    figures = []
    with tempfile.TemporaryDirectory(prefix="shopbell-bench-") as folder:
        for phones, sd_db in (("known", 0.0), ("unknown", UNKNOWN_SD_DB)):
            sites = [
                _written(Path(folder, f"{phones}-{seed}"), seed, sd_db) for seed in range(BUILDINGS)
            ]
            for regime in ("surveyed", "unsurveyed"):
                scores = [_scored(site, regime) for site in sites]
                for what, unit, which in (("right zone", "%", 0), ("mean error", "m", 1)):
                    runs = [score[which] for score in scores]
                    figures.append(figure(f"{phones} phones, {regime}: {what}", unit, runs))
    return Report(title=TITLE, measures=MEASURES, figures=tuple(figures))


def _scored(site: Path, regime: str) -> tuple[float, float]:
    out = site / "out"
    with redirect_stdout(io.StringIO()):
        replay.main(Replay(folder=site, out=out, regimes=(regime,)))
    scores = [
        zone_score(site / f"{walk}.truth.csv", out / f"{walk}.{regime}.csv", site / "site.json")
        for walk in (f"walk_{number}" for number in range(WALKERS))
    ]
    right = np.average(
        [100 * score.guarded for score in scores],
        weights=[score.guarded_samples for score in scores],
    )
    return float(right), float(np.mean([score.mean_m for score in scores]))


def _written(site: Path, seed: int, sd_db: float) -> Path:
    """Write a building's site, survey and walks as a folder that can be replayed."""
    draw = np.random.default_rng(seed)
    building = _building(draw)
    site.mkdir()
    plan = {
        "area": [0.0, 0.0, *building.size_m.tolist()],
        "receivers": {
            name: {"pos": place}
            for name, place in zip(building.names, building.receivers_m.tolist(), strict=True)
        },
        "zones": {
            str(number): {"rect": rect}
            for number, rect in enumerate(_zones(building.size_m).tolist())
        },
        "guard_m": GUARD_M,
    }
    (site / "site.json").write_text(json.dumps(plan))
    _write_survey(site / "survey.csv", building, draw, sd_db)
    for number in range(WALKERS):
        _write_walk(site, f"walk_{number}", building, draw, sd_db)
    return site


def _building(draw: Generator) -> Building:
    size = np.array([draw.uniform(10, 30), draw.uniform(8, 20)])
    receivers = int(draw.integers(3, 13))
    waves = draw.normal(0.0, 1.0 / draw.uniform(1.5, 4.0), (receivers, 40, 3))
    waves[..., 2] = draw.uniform(0.0, 2 * np.pi, (receivers, 40))
    return Building(
        size_m=size,
        receivers_m=np.column_stack(
            [draw.uniform(0.05, 0.95, (receivers, 2)) * size, draw.uniform(1.0, 3.0, receivers)]
        ),
        slope=float(draw.uniform(1.5, 3.0)),
        offsets_db=draw.normal(0.0, draw.uniform(1.0, 4.0), receivers),
        waves=waves,
        shadow_db=float(draw.uniform(2.0, 5.0)),
        dead=int(draw.integers(receivers)) if draw.random() < WITH_DEAD else None,
    )


def _strength_dbm(building: Building, places_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what each receiver hears of a phone as the map has it, on average: [places, receivers]."""
    flat = places_m[:, None] - building.receivers_m[None, :, :2]
    high = building.receivers_m[:, 2] - 1.5
    far = np.sqrt(np.square(flat).sum(axis=2) + np.square(high))
    turns = np.einsum("pk,rwk->prw", places_m, building.waves[..., :2]) + building.waves[..., 2]
    shadow = building.shadow_db * np.sqrt(2 / turns.shape[2]) * np.cos(turns).sum(axis=2)
    falls = -10 * building.slope * np.log10(np.maximum(far, 0.5))
    strength: NDArray[np.float64] = AT_1_M_DBM + falls + building.offsets_db + shadow
    return strength


def _received(
    building: Building, mean_dbm: NDArray[np.float64], draw: Generator
) -> NDArray[np.float64]:
    """Return readings, NaN where the advert was lost or too faint."""
    read = np.round(mean_dbm + draw.normal(0.0, FADING_DB, mean_dbm.shape))
    lost = (draw.random(read.shape) > RECEIVED) | (read < FAINTEST_DBM)
    if building.dead is not None:
        lost[..., building.dead] = True
    return np.where(lost, np.nan, read)


def _zones(size_m: NDArray[np.float64]) -> NDArray[np.float64]:
    across, along = (np.linspace(0.0, side, 4 if side > WIDE_M else 3) for side in size_m)
    return np.array(
        [
            (across[i], along[j], across[i + 1], along[j + 1])
            for i in range(len(across) - 1)
            for j in range(len(along) - 1)
        ]
    )


def _write_survey(path: Path, building: Building, draw: Generator, sd_db: float) -> None:
    steps = [np.arange(1.0, side, 2.5) for side in building.size_m]
    points = np.stack(np.meshgrid(*steps), axis=-1).reshape(-1, 2)
    level = _strength_dbm(building, points) + draw.normal(0.0, 1.0) * sd_db
    rows = [
        (*point, 1.5, *_cells(readings))
        for _ in range(SURVEY_READINGS)
        for point, readings in zip(
            points.tolist(), _received(building, level, draw).tolist(), strict=True
        )
    ]
    _write(path, ("x", "y", "z", *building.names), rows)


def _write_walk(site: Path, name: str, building: Building, draw: Generator, sd_db: float) -> None:
    every_s = float(draw.choice([0.25, 0.5, 1.0]))
    places, heading = _walked(building.size_m, every_s, draw)
    at_s = np.arange(len(places)) * every_s
    towards = building.receivers_m[None, :, :2] - places[:, None]
    away = np.arctan2(towards[..., 1], towards[..., 0]) - heading[:, None]
    body = draw.uniform(3.0, 12.0) * np.cos(away) / 2
    level = _strength_dbm(building, places) + body + draw.normal(0.0, 1.0) * sd_db
    heard = _received(building, level, draw)
    events = [
        (at, building.names[receiver], "b1", heard[number, receiver])
        for number, at in enumerate(at_s.tolist())
        for receiver in np.flatnonzero(np.isfinite(heard[number])).tolist()
    ]
    _write(site / f"{name}.events.csv", ("t", "rx", "beacon", "rssi"), events)
    zones = _zones(building.size_m)
    inside = (places[:, None] >= zones[:, :2]) & (places[:, None] <= zones[:, 2:])
    zone = inside.all(axis=2).argmax(axis=1)
    _write(
        site / f"{name}.truth.csv",
        ("t", "x", "y", "zone"),
        zip(at_s.tolist(), *places.T.tolist(), zone.tolist(), strict=True),
    )


def _walked(
    size_m: NDArray[np.float64], every_s: float, draw: Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return places and headings: along aisles at one speed, with a stand of up to 20 s at some corners."""
    here = draw.uniform(1.0, size_m - 1.0)
    places: list[NDArray[np.float64]] = []
    headings: list[float] = []
    speed, axis = draw.uniform(0.4, 1.1), int(draw.integers(2))
    while len(places) * every_s < WALK_S:
        there = here.copy()
        there[axis] = draw.uniform(1.0, size_m[axis] - 1.0)
        steps = max(1, int(np.abs(there - here).sum() / speed / every_s))
        stands = int(draw.uniform(0.0, 20.0) / every_s) if draw.random() < STANDS else 0
        legs = np.concatenate([np.linspace(0.0, 1.0, steps), np.ones(stands)])
        places += [here + share * (there - here) for share in legs]
        headings += [float(np.arctan2(*(there - here)[::-1]))] * len(legs)
        here, axis = there, 1 - axis
    return np.array(places), np.array(headings)


def _cells(readings: Iterable[float]) -> list[float | str]:
    return [each if np.isfinite(each) else "" for each in readings]


def _write(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(head)
        lines.writerows(rows)
