"""Zones and sides on recorded signals: the server's engines, by the way of `shopbell-sim replay`."""

from __future__ import annotations

import csv
import gzip
import io
import shutil
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pytest

from shopbell_sim import replay
from shopbell_sim.replay_asked import Replay
from tests.bench.report import Report, Verdict, at_least, at_most, figure
from tests.bench.zone_scores import side_score, zone_score
from tests.shared import SHARED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.report import Figure
    from tests.bench.zone_scores import SideScore, ZoneScore

TITLE: Final = "Zones: where somebody is"
MEASURES: Final = (
    "Recordings through `shopbell-sim replay`, which runs the server's own engines; scored by the "
    "definitions of the recordings' `score.py`. What is said of a moment was known from what was heard "
    "until then. No dice, no seed. *Door*: six runs of a tag in and out of a door, five of a car and one "
    "of a walker, ten receivers; crossings count within 2 s. Trained (`surveyed`): a run is judged by "
    "what the others teach, never by itself; a regularised logistic fit of levels, trends and contrasts "
    "for each carrier. Without: the contrast of both sides under 504 hypotheses. A crossing stands for 3 s. "
    "*Floor*: five straight walks through 20.7 m by 17.6 m, nine zones, twelve receivers or the four that "
    "are Pis; share of right samples 1 m or more from a border, and mean error. A grid filter over places "
    "and directions, on a map of distance alone or (`surveyed`) on a Gaussian process per receiver from "
    "126 points. `thinned`: one advert a second. A row's runs are its folds."
)
WHY: Final = (
    "the walks are straight, four of five along one line: what that line's shadows do to four receivers, no "
    "amount of smoothing takes back. Tried on the floor: offsets learnt faster, receivers that differ more, "
    "steeper slopes, more shadowing, readings worth less, slopes that turn nearer by, and the loudness of "
    "phones left open, which finds unknown phones in unknown buildings and left these walks as they "
    "were. At the door, one advert a second without training: there is no more in the contrast of the sides, "
    "however it is taken. See the README of core/zones."
)
NOTES: Final = (
    "verdicts are of means: over the runs at the door, over all samples of the walks",
    (
        "chosen looking at these recordings, so flattered by them: at the door the spans of levels, the "
        "features and the penalty; on the floor the strength at 1 m and the slope of a map "
        "of distance alone, and by how much a phone may seem louder than that. What judges a run was "
        "never learnt from that run"
    ),
)


class Asked(NamedTuple):
    """What must be reached: share of right samples in %, and the mean error or the F1 of crossings."""

    right: float
    other: float


FLOOR: Final = {
    ("surveyed", "all"): Asked(94.5, 1.4),
    ("surveyed", "pi"): Asked(92.5, 1.45),
    ("unsurveyed", "all"): Asked(84.0, 1.8),
    ("unsurveyed", "pi"): Asked(66.0, 2.3),
    ("surveyed-thinned", "all"): None,
    ("surveyed-thinned", "pi"): None,
    ("unsurveyed-thinned", "all"): None,
    ("unsurveyed-thinned", "pi"): None,
}
DOOR: Final = {
    "surveyed": Asked(96.5, 0.95),
    "surveyed-thinned": Asked(96.0, 0.90),
    "unsurveyed": Asked(89.0, 0.65),
    "unsurveyed-thinned": Asked(89.0, 0.65),
}
"""The targets; where there is none, a row stands for orientation."""

WORDS: Final = {"all": "12 receivers", "pi": "4 Pis"}


async def measure(*, long: bool) -> Report:
    """Replay both sites in every regime; several minutes on a busy machine."""
    del long
    data = SHARED / "data"
    if not (data / "tetam").is_dir() or not (data / "sal").is_dir():
        pytest.skip("no recordings: set SHOPBELL_SHARED to the folder that has data/")
    with tempfile.TemporaryDirectory(prefix="shopbell-bench-") as folder:
        rows = [*_door(data / "sal", Path(folder)), *_floor(data / "tetam", Path(folder))]
    return Report(
        title=TITLE,
        measures=MEASURES,
        figures=tuple(figure for figures, _ in rows for figure in figures),
        verdicts=tuple(verdict for _, verdicts in rows for verdict in verdicts),
        notes=NOTES,
        why=WHY,
    )


Rows = tuple[tuple["Figure", ...], tuple[Verdict, ...]]


def _door(site: Path, folder: Path) -> Iterator[Rows]:
    for regime, asked in DOOR.items():
        out = _replayed(site, folder / regime, regime)
        scores = {
            run: side_score(site / f"{run}.truth.csv.gz", out / f"{run}.{regime}.csv")
            for run in _names(site)
        }
        cars = [score for run, score in scores.items() if run.startswith("car")]
        others = [score for run, score in scores.items() if not run.startswith("car")]
        yield _sides(f"door, cars, {regime}", cars, asked)
        yield _sides(f"door, walker, {regime}", others, None)
    halves = _halves(site, folder / "halves")
    for regime in ("surveyed", "surveyed-thinned"):
        out = _replayed(halves, folder / f"halves-{regime}", regime)
        scored = [
            side_score(halves / f"{run}.truth.csv.gz", out / f"{run}.{regime}.csv")
            for run in _names(halves)
        ]
        yield _sides(f"door, the walker's one half by the other, {regime}", scored, DOOR[regime])


def _sides(what: str, scores: Sequence[SideScore], asked: Asked | None) -> Rows:
    right = [100 * score.accuracy for score in scores]
    crossings = [score.event_f1 for score in scores]
    verdicts: tuple[Verdict, ...] = ()
    if asked is not None:
        verdicts = (
            at_least(f"{what}: right", float(np.mean(right)), asked.right, "%"),
            at_least(f"{what}: F1 of crossings", float(np.mean(crossings)), asked.other),
        )
    return (
        (figure(f"{what}: right", "%", right), figure(f"{what}: F1 of crossings", "", crossings)),
        verdicts,
    )


def _floor(site: Path, folder: Path) -> Iterator[Rows]:
    for (regime, receivers), asked in FLOOR.items():
        out = _replayed(site, folder / f"{regime}-{receivers}", regime, receivers)
        scores = [
            zone_score(
                site / f"{walk}.truth.csv.gz", out / f"{walk}.{regime}.csv", site / "site.json"
            )
            for walk in _names(site)
        ]
        yield _walks(f"floor, {WORDS[receivers]}, {regime}", scores, asked)


def _walks(what: str, scores: Sequence[ZoneScore], asked: Asked | None) -> Rows:
    right = [100 * score.guarded for score in scores]
    off = [score.mean_m for score in scores]
    verdicts: tuple[Verdict, ...] = ()
    if asked is not None:
        by_inner = np.average(right, weights=[score.guarded_samples for score in scores])
        by_all = np.average(off, weights=[score.samples for score in scores])
        verdicts = (
            at_least(f"{what}: right zone", float(by_inner), asked.right, "%"),
            at_most(f"{what}: mean error", float(by_all), asked.other, "m"),
        )
    return (
        (figure(f"{what}: right zone", "%", right), figure(f"{what}: mean error", "m", off)),
        verdicts,
    )


def _replayed(site: Path, out: Path, regime: str, receivers: str = "all") -> Path:
    with redirect_stdout(io.StringIO()):
        replay.main(Replay(folder=site, out=out, regimes=(regime,), receivers=receivers))
    return out


def _names(site: Path) -> list[str]:
    return sorted(path.name.removesuffix(".truth.csv.gz") for path in site.glob("*.truth.csv.gz"))


def _halves(site: Path, folder: Path) -> Path:
    """Write the door's walk as two recordings, so that one can teach the other; return their folder."""
    folder.mkdir()
    shutil.copy(site / "site.json", folder)
    for walk in (name for name in _names(site) if name.startswith("walk")):
        tables = {kind: _table(site / f"{walk}.{kind}.csv.gz") for kind in ("events", "truth")}
        middle_s = float(tables["truth"][len(tables["truth"]) // 2][0])
        for kind, (head, *rows) in tables.items():
            parts = (
                [row for row in rows if float(row[0]) < middle_s],
                [row for row in rows if float(row[0]) >= middle_s],
            )
            for number, part in enumerate(parts, start=1):
                path = folder / f"{walk}-{number}.{kind}.csv.gz"
                with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
                    csv.writer(file).writerows([head, *part])
    return folder


def _table(path: Path) -> list[list[str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.reader(file))
