from __future__ import annotations

import csv
import gzip
import itertools
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from shopbell_program.commands import CommandError
from shopbell_sim import replay, replay_asked
from tests.shared import SHARED
from tests.sim.recorded_floor import recorded

if TYPE_CHECKING:
    from pathlib import Path


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _replayed(folder: Path, out: Path, **asked: object) -> list[str]:
    replay.main(replay_asked.Replay(folder=folder, out=out, **asked))  # type: ignore[arg-type]  # of any kind
    return sorted(path.name for path in out.iterdir())


def test_a_walk_goes_from_one_zone_to_the_other(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "in")
    assert _replayed(folder, tmp_path / "out", regimes=("unsurveyed",)) == ["walk.unsurveyed.csv"]
    rows = _rows(tmp_path / "out" / "walk.unsurveyed.csv")
    assert float(rows[0]["t"]) == 0
    assert (rows[5]["zone"], rows[-1]["zone"]) == ("1", "2")
    assert sum(one["zone"] != two["zone"] for one, two in itertools.pairwise(rows)) == 1
    assert float(rows[-1]["x"]) > 4
    assert all(0 < float(row["probability"]) <= 1 for row in rows)


def test_a_folder_is_replayed_in_all_the_regimes_that_it_has_files_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    without = _replayed(recorded(tmp_path / "a"), tmp_path / "1")
    assert without == ["walk.unsurveyed-thinned.csv", "walk.unsurveyed.csv"]
    capsys.readouterr()
    with_survey = _replayed(recorded(tmp_path / "b", survey=True), tmp_path / "2", receivers="pi")
    assert with_survey == sorted(f"walk.{regime}.csv" for regime in replay_asked.REGIMES)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "1 recordings, 2 receivers, 2 zones"
    assert said[1].startswith("walk.unsurveyed.csv: 12 s, ")
    assert len(said) == 5


def test_several_beacons_get_a_file_each_and_are_as_if_alone(tmp_path: Path) -> None:
    one, two = tmp_path / "1", tmp_path / "2"
    _replayed(recorded(tmp_path / "a"), one, regimes=("unsurveyed",))
    both = _replayed(recorded(tmp_path / "b", beacons=("b1", "b2")), two, regimes=("unsurveyed",))
    assert both == ["walk.b1.unsurveyed.csv", "walk.b2.unsurveyed.csv"]
    for name in both:
        assert _rows(two / name) == _rows(one / "walk.unsurveyed.csv")


def test_looking_back_is_written_beside_what_was_known_live(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "in")
    names = _replayed(folder, tmp_path / "out", regimes=("unsurveyed",), smoothed=True)
    assert names == ["walk.unsurveyed.csv", "walk.unsurveyed.smoothed.csv"]
    rows = _rows(tmp_path / "out" / names[1])
    assert (rows[0]["zone"], rows[-1]["zone"]) == ("1", "2")


EVENTS = "t,rx,beacon,rssi\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "t,rx,rssi\n0,a,-60\n",
            ":1: no column beacon; the first line must name t, rx, beacon, rssi",
        ),
        ("", ":1: no column t, rx, beacon, rssi;"),
        (EVENTS, ":2: no rows after the first line; record again, or remove the file"),
        (EVENTS + "0,z,b,-60\n1,y,b,-60\n", ': rx "z" and 1 more not in site.json, nor any other'),
        (EVENTS + "0,a,b,nan\n", ':2: rssi "nan" is no number; write one or remove the line'),
        (EVENTS + "0,a,b,loud\n", ':2: rssi "loud" is no number'),
        (EVENTS + "0,a,b,\n", ":2: rssi is empty; write a number or remove the line"),
        (EVENTS + "0,a,b\n", ":2: fewer values than the 4 columns; write the line again"),
        (EVENTS + "0,a,b,-60,7\n", ":2: more values than the 4 columns; write the line again"),
        (EVENTS + "5,a,b,-60\n1,a,b,-60\n", ":3: t 1 after 5; sort the file by t"),
        (EVENTS + "0,a,../b,-60\n", ":2: a beacon's name is 1 to 64 letters, digits, _ . and -"),
    ],
)
def test_a_bad_recording_is_named_by_file_and_line(tmp_path: Path, text: str, says: str) -> None:
    folder = recorded(tmp_path / "in")
    (folder / "bad.events.csv").write_text(text)
    with pytest.raises(CommandError) as refused:
        _replayed(folder, tmp_path / "out")
    assert str(refused.value).startswith(f"{folder / 'bad.events.csv'}{says}")
    assert not (tmp_path / "out").exists()


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "in")
    cut = folder / "walk.events.csv.gz"
    cut.write_bytes(cut.read_bytes()[:-9])
    with pytest.raises(CommandError, match=r"walk.events.csv.gz: cannot be read to its end"):
        _replayed(folder, tmp_path / "out")
    cut.write_bytes(gzip.compress(b"t,rx,beacon,rssi\n0,a,\xff,1\n"))
    with pytest.raises(CommandError, match=r"walk.events.csv.gz: is no CSV in UTF-8"):
        _replayed(folder, tmp_path / "out")


def test_a_folder_without_what_is_needed_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"is no folder; name one with site\.json"):
        _replayed(tmp_path / "none", tmp_path / "out")
    with pytest.raises(CommandError, match=r"no \*.events.csv or \*.events.csv.gz"):
        _replayed(tmp_path, tmp_path / "out")
    folder = recorded(tmp_path / "in")
    with pytest.raises(CommandError, match=r"no survey.csv or survey.csv.gz in the folder; add it"):
        _replayed(folder, tmp_path / "out", regimes=("surveyed",))
    with pytest.raises(CommandError, match=r"site.json: no receiver z; it has a, b, c, d"):
        _replayed(folder, tmp_path / "out", receivers="a,z")
    (folder / "site.json").unlink()
    with pytest.raises(CommandError, match=r"site.json: No such file or directory; name a folder"):
        _replayed(folder, tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"area": [0, 0, 6]}, "write area, receivers with pos and zones with rect for a floor"),
        ({"receivers": {"a": {"pos": [0, 0]}}}, "write area, receivers with pos"),
        ({"zones": {"1": {"rect": [3, 0, 0, 4]}}}, r"zone 1: rectangle 3, 0, 0, 4 is empty"),
        ({"zones": {}}, "without zones"),
    ],
)
def test_a_bad_site_is_refused(tmp_path: Path, change: dict[str, object], says: str) -> None:
    folder = recorded(tmp_path / "in")
    site = folder / "site.json"
    site.write_text(json.dumps(json.loads(site.read_text()) | change))
    with pytest.raises(CommandError, match=says) as refused:
        _replayed(folder, tmp_path / "out")
    assert str(refused.value).startswith(str(site))


def test_a_survey_without_a_receiver_is_refused(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "in", survey=True)
    (folder / "survey.csv").write_text("x,y,z,a,b,c\n1,1,1,-60,-60,-60\n")
    with pytest.raises(CommandError, match=r"survey.csv:1: no column d;"):
        _replayed(folder, tmp_path / "out")


def test_estimates_need_a_place(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "in")
    (tmp_path / "out").write_text("a file")
    with pytest.raises(CommandError, match="name another folder with --out"):
        _replayed(folder, tmp_path / "out")


def _commanded(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shopbell_sim", "replay", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_line_replays(tmp_path: Path) -> None:
    folder, out = recorded(tmp_path / "in"), tmp_path / "out"
    asked = (str(folder), "--out", str(out), "--receivers", "a,b,c", "--regime", "unsurveyed")
    done = _commanded(*asked, "--smoothed")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list(out.iterdir())) == 2
    missing = _commanded(str(tmp_path / "none"), "--out", str(out))
    assert missing.returncode == 1
    assert "is no folder" in missing.stderr


def test_the_command_line_knows_all_regimes() -> None:
    refused = _commanded(".", "--out", "out", "--regime", "guessing")
    assert refused.returncode == 2
    assert all(f"'{regime}'" in refused.stderr for regime in replay_asked.REGIMES)


RECORDED = SHARED / "data" / "tetam"

LEAST = {"unsurveyed": 0.80, "surveyed": 0.90}
"""Of samples 1 m or more from a border; measured 0.90 and 0.95, less the noise of five short walks."""


@pytest.mark.parametrize("regime", LEAST)
def test_recorded_walks_are_told_apart(tmp_path: Path, regime: str) -> None:
    if not RECORDED.is_dir():
        pytest.skip("no recordings: set SHOPBELL_SHARED to the folder that has data/tetam")
    _replayed(RECORDED, tmp_path, regimes=(regime,))
    right = total = 0
    for truth in sorted(RECORDED.glob("*.truth.csv.gz")):
        name = truth.name.removesuffix(".truth.csv.gz")
        answers = iter(_rows(tmp_path / f"{name}.{regime}.csv"))
        now, after = next(answers), next(answers)
        with gzip.open(truth, "rt", newline="") as file:
            for row in csv.DictReader(file):
                while float(after["t"]) <= float(row["t"]) and (more := next(answers, None)):
                    now, after = after, more
                x, y = float(row["x"]), float(row["y"])
                if min(abs(x - 6.887), abs(x - 13.773), abs(y - 5.88), abs(y - 11.76)) >= 1:
                    total += 1
                    right += now["zone"] == row["zone"]
    assert right / total > LEAST[regime]
