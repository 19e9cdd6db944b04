from __future__ import annotations

import csv
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from shopbell_program.commands import CommandError
from shopbell_sim import replay, replay_asked
from tests.shared import SHARED
from tests.sim.recorded_door import is_inside, recorded_door

if TYPE_CHECKING:
    from pathlib import Path


def _rows(path: Path) -> list[tuple[float, bool]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [(float(row["t"]), row["inside"] == "1") for row in csv.DictReader(file)]


def _replayed(folder: Path, out: Path, **asked: object) -> list[str]:
    replay.main(replay_asked.Replay(folder=folder, out=out, **asked))  # type: ignore[arg-type]  # of any kind
    return sorted(path.name for path in out.iterdir())


def _right(path: Path) -> float:
    rows = _rows(path)
    return sum(inside == is_inside(at) for at, inside in rows) / len(rows)


@pytest.mark.parametrize("regime", replay_asked.REGIMES)
def test_who_goes_in_and_out_is_inside_and_outside(tmp_path: Path, regime: str) -> None:
    folder = recorded_door(tmp_path / "in", runs=2, truths=2)
    names = _replayed(folder, tmp_path / "out", regimes=(regime,))
    assert names == [f"walk_1.{regime}.csv", f"walk_2.{regime}.csv"]
    # It takes a moment to know where she is at first, and that she has crossed.
    assert _right(tmp_path / "out" / names[0]) > 0.85


def test_an_estimate_a_second_is_of_what_was_heard_once_a_second(tmp_path: Path) -> None:
    folder = recorded_door(tmp_path / "in")
    _replayed(folder, tmp_path / "out", regimes=("unsurveyed-thinned",))
    rows = _rows(tmp_path / "out" / "walk_1.unsurveyed-thinned.csv")
    assert [at for at, _ in rows[:3]] == [0.0, 1.0, 2.0]


def test_runs_teach_one_another_where_there_is_a_truth(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = _replayed(recorded_door(tmp_path / "a", runs=2, truths=1), tmp_path / "1")
    assert {name.split(".")[1] for name in alone} == {"unsurveyed", "unsurveyed-thinned"}
    capsys.readouterr()
    both = _replayed(recorded_door(tmp_path / "b", runs=2, truths=2), tmp_path / "2")
    assert {name.split(".")[1] for name in both} == set(replay_asked.REGIMES)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "2 recordings, 4 receivers, 2 of them inside"
    assert said[1].startswith("walk_1.unsurveyed.csv: 120 s, ")


def test_a_runs_own_truth_changes_nothing_of_it(tmp_path: Path) -> None:
    honest, lying = (recorded_door(tmp_path / name, runs=2, truths=2) for name in "ab")
    truth = lying / "walk_1.truth.csv"
    truth.write_text(
        truth.read_text().replace(",1\n", ",x\n").replace(",0\n", ",1\n").replace(",x", ",0")
    )
    for folder, out in ((honest, "1"), (lying, "2")):
        _replayed(folder, tmp_path / out, regimes=("surveyed",))
    first = "walk_1.surveyed.csv"
    assert _rows(tmp_path / "1" / first) == _rows(tmp_path / "2" / first)


def test_looking_back_and_several_beacons_get_files_of_their_own(tmp_path: Path) -> None:
    folder = recorded_door(tmp_path / "in", beacons=("a", "b"))
    names = _replayed(folder, tmp_path / "out", regimes=("unsurveyed",), smoothed=True)
    assert names == [
        f"walk_1.{beacon}.unsurveyed{how}.csv" for beacon in "ab" for how in ("", ".smoothed")
    ]


def test_receivers_may_be_fewer(tmp_path: Path) -> None:
    folder = recorded_door(tmp_path / "in")
    _replayed(folder, tmp_path / "out", regimes=("unsurveyed",), receivers="i1,o2")
    assert _right(tmp_path / "out" / "walk_1.unsurveyed.csv") > 0.85


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"receivers": "i1,i2"}, "site.json: a door needs receivers on both of its sides"),
        ({"receivers": "i1,pi"}, "site.json: no receiver pi; it has i1, i2, o1, o2"),
        ({"regimes": ("surveyed",)}, "nothing to learn the sides of walk_1 from: no run"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path: Path, asked: dict[str, object], says: str) -> None:
    folder = recorded_door(tmp_path / "in")
    with pytest.raises(CommandError, match=says):
        _replayed(folder, tmp_path / "out", **asked)
    assert not (tmp_path / "out").exists()


def test_files_that_are_wrong_are_named(tmp_path: Path) -> None:
    folder = recorded_door(tmp_path / "in", runs=2, truths=2)
    (folder / "walk_2.truth.csv").write_text("t,inside\n0,1\n0.1,2\n")
    with pytest.raises(CommandError, match=r"walk_2\.truth\.csv:3: inside 2; write 1 for inside"):
        _replayed(folder, tmp_path / "out")
    (folder / "site.json").write_text(json.dumps({"receivers": {"i1": {"side": "upstairs"}}}))
    with pytest.raises(CommandError, match=r"site\.json: Invalid enum value 'upstairs'"):
        _replayed(folder, tmp_path / "out")


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    folder = recorded_door(tmp_path / "in")
    out = tmp_path / "out"
    (out / "walk_1.unsurveyed.csv").mkdir(parents=True)
    with pytest.raises(CommandError, match="name another folder with --out"):
        _replayed(folder, out, regimes=("unsurveyed",))


RECORDED = SHARED / "data" / "sal"


def test_recorded_cars_are_told_apart_by_what_other_runs_taught(tmp_path: Path) -> None:
    if not RECORDED.is_dir():
        pytest.skip("no recordings: set SHOPBELL_SHARED to the folder that has data/sal")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "shopbell_sim", "replay", RECORDED, "--out", tmp_path),
            *("--regime", "surveyed-thinned"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("6 recordings, 10 receivers, ")
    assert len(list(tmp_path.glob("car_*.surveyed-thinned.csv"))) == 5
