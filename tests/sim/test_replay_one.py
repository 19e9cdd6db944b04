from __future__ import annotations

import csv
import gzip
from typing import TYPE_CHECKING

import pytest

from tests.rigs.commands import run_command
from tests.sim.recorded_door import is_inside, recorded_door
from tests.sim.recorded_floor import recorded

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


def replayed(*arguments: object) -> subprocess.CompletedProcess[str]:
    return run_command("shopbell_sim", "replay", *arguments)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_walk_on_a_floor_with_and_without_a_survey(tmp_path: Path) -> None:
    folder, out = recorded(tmp_path / "in", survey=True), tmp_path / "out.csv"
    asked = [folder / "walk.events.csv.gz", "--site", folder / "site.json", "--kind", "zone"]
    for more in ([], ["--survey", folder / "survey.csv"], ["--receivers", "pi"]):
        done = replayed(*asked, "--out", out, *more)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"{out}: 12 s, ")
        estimates = rows(out)
        assert list(estimates[0]) == ["t", "zone", "x", "y", "probability"]
        assert estimates[-1]["zone"] == "2"
        out.unlink()


def thinned(events: Path, to: Path) -> Path:
    """Keep an advert a second."""
    lines = events.read_text().splitlines()
    kept = [lines[0], *(line for line in lines[1:] if float(line.split(",")[0]) % 1 == 0)]
    to.write_text("\n".join(kept) + "\n")
    return to


@pytest.mark.parametrize("is_thinned", [False, True], ids=["all adverts", "one a second"])
@pytest.mark.parametrize("is_trained", [False, True], ids=["untrained", "trained"])
def test_who_goes_in_and_out_of_a_door(
    tmp_path: Path, *, is_thinned: bool, is_trained: bool
) -> None:
    folder, out = recorded_door(tmp_path / "in", runs=2, truths=2), tmp_path / "out.csv"
    events = folder / "walk_1.events.csv"
    if is_thinned:
        events = thinned(events, tmp_path / "walk_3.events.csv")
    train = ["--train", folder / "walk_2.events.csv", folder / "walk_2.truth.csv"]
    done = replayed(
        *(events, "--site", folder / "site.json", "--kind", "presence", "--out", out),
        *(train if is_trained else ()),
    )
    assert (done.returncode, done.stderr) == (0, "")
    estimates = [(float(row["t"]), row["inside"] == "1") for row in rows(out)]
    # As often as the beacon sends: what was heard once a second says nothing ten times.
    assert estimates[1][0] - estimates[0][0] == pytest.approx(1.0 if is_thinned else 0.1)
    assert sum(inside == is_inside(at) for at, inside in estimates) > 0.85 * len(estimates)


def test_a_receiver_that_the_site_does_not_have_is_left_out_and_named(tmp_path: Path) -> None:
    folder, out = recorded(tmp_path / "in"), tmp_path / "out.csv"
    events = folder / "walk.events.csv.gz"
    asked = ["--site", folder / "site.json", "--kind", "zone", "--out", out]
    assert replayed(events, *asked).returncode == 0
    before = out.read_text()
    with gzip.open(events, "at") as file:
        file.write("12,z,b1,-50\n")
    done = replayed(events, *asked)
    assert done.returncode == 0
    assert done.stderr == f'beware: {events}: rx "z" not in site.json; 1 lines left out\n'
    assert out.read_text() == before


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("12,a", "fewer values than the 4 columns; write the line again"),
        ("12,a,b1,-50,7", "more values than the 4 columns"),
        ("1e12,a,b1,-50", "is more than a week after the first, 0; t is in seconds"),
    ],
)
def test_a_line_that_cannot_be_is_named(tmp_path: Path, line: str, says: str) -> None:
    folder, out = recorded(tmp_path / "in"), tmp_path / "out.csv"
    events = folder / "walk.events.csv.gz"
    with gzip.open(events, "at") as file:
        file.write(f"{line}\n")
    done = replayed(events, "--site", folder / "site.json", "--kind", "zone", "--out", out)
    assert done.returncode == 1
    assert says in done.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--kind", "presence"], "its receivers have no side; ask for --kind zone"),
        (["--kind", "zone", "--train", "a", "b"], "--train: a floor learns from a survey"),
        (["--kind", "zone", "--smoothed"], "--smoothed for a folder"),
        (["--kind", "zone", "--regime", "surveyed"], "--site is for one recording, --regime"),
        ([], "one recording needs --site SITE.json and --kind"),
        (["--kind", "zone", "--survey", "none.csv"], "none.csv: no such file"),
    ],
)
def test_what_does_not_go_together_is_said(tmp_path: Path, more: list[str], says: str) -> None:
    folder, out = recorded(tmp_path / "in"), tmp_path / "out.csv"
    events = folder / "walk.events.csv.gz"
    done = replayed(events, "--site", folder / "site.json", "--out", out, *more)
    assert done.returncode in {1, 2}
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()


def test_a_door_knows_neither_surveys_nor_floors(tmp_path: Path) -> None:
    folder, out = recorded_door(tmp_path / "in"), tmp_path / "out.csv"
    asked = [folder / "walk_1.events.csv", "--site", folder / "site.json", "--out", out]
    floor = replayed(*asked, "--kind", "zone")
    assert (floor.returncode, "has no area and zones; ask for --kind presence" in floor.stderr) == (
        1,
        True,
    )
    survey = replayed(*asked, "--kind", "presence", "--survey", folder / "site.json")
    assert (survey.returncode, "--survey: a door learns from other" in survey.stderr) == (2, True)


def test_one_file_of_estimates_is_of_one_beacon(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "in", beacons=("b1", "b2"))
    events = folder / "walk.events.csv.gz"
    done = replayed(
        events, "--site", folder / "site.json", "--kind", "zone", "--out", tmp_path / "out.csv"
    )
    assert done.returncode == 1
    assert "has 2 beacons (b1, b2), and one file of estimates is of one" in done.stderr
