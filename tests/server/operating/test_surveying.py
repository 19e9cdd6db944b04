"""`shopbell-server survey …` as an operator uses it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shopbell_program.commands import CommandError, UsageError
from shopbell_server.assembly import open_database
from shopbell_server.config.reading import read_settings
from shopbell_server.core.audit.chain import What
from shopbell_server.core.ids import EdgeId, Millis, PersonId, StoreId
from shopbell_server.core.observations import KEPT_MS, Observation, shelves_of
from shopbell_server.core.zones.grid import distances_m
from shopbell_server.core.zones.plan import floor_of
from shopbell_server.core.zones.radio_map import AT_1_M_DBM, SLOPE, falling_db
from shopbell_server.core.zones.readings import ZERO_LOSS_DBM
from shopbell_server.core.zones.survey_walk import SHORTEST_MS
from shopbell_server.operating.surveying import Walk, WalkFile
from shopbell_server.preparing import upgrade
from shopbell_server.system import SystemClock
from tests.server.db.rows import ANNA, enrol
from tests.server.test_commands import SERVER, command

if TYPE_CHECKING:
    from pathlib import Path

    from shopbell_server.core.zones.plan import Level

STORE = StoreId("hague")
CORNERS = {"ble0": (0, 0), "ble1": (12, 0), "ble2": (12, 8), "ble3": (0, 8)}
FLOOR = [
    {
        "level": "ground",
        "extent": [0, 0, 12, 8],
        "zones": [{"zone": "left", "rect": [0, 0, 6, 8]}, {"zone": "right", "rect": [6, 0, 12, 8]}],
        "scanners": [
            {"edge": "door", "scanner": name, "at": [x, y, 2.5]} for name, (x, y) in CORNERS.items()
        ],
    }
]
SEED = {
    "stores": [
        {
            "id": STORE,
            "name": "The Hague",
            "zones": [{"id": "left", "name": "Left"}, {"id": "right", "name": "Right"}],
            "edges": [{"id": "door", "zone": "left"}],
            "floor": FLOOR,
        },
        {"id": "leiden", "name": "Leiden"},
    ]
}
POINTS = [(x + 0.5, y + 0.5) for x in range(0, 12, 3) for y in range(0, 8, 2)]
MINUTE = 60_000


@pytest.fixture
def config(sqlite_url: str, tmp_path: Path) -> Path:
    return furnished(sqlite_url, tmp_path)


@pytest.fixture
def any_config(url: str, tmp_path: Path) -> Path:
    return furnished(url, tmp_path)


def furnished(url: str, folder: Path) -> Path:
    """Return the settings of a shop with a plan, and somebody with a phone."""
    path = folder / "server.toml"
    there = SERVER.format(folder=folder).replace(f"sqlite:///{folder}/shopbell.db", url)
    path.write_text(f'{there}[keys]\nfile = "{folder}/keys.db"\n')
    (folder / "seed.json").write_text(json.dumps(SEED))
    upgrade(read_settings(path))
    assert "2 stores" in survey(path, "seed", folder / "seed.json")
    with closing(open_database(read_settings(path))) as database, database.begin() as work:
        enrol(work)
        work.commit()
    return path


class SetClock:
    """Stands still until somebody stands."""

    def __init__(self) -> None:
        self.at_ms = 0

    def now_ms(self) -> Millis:
        return Millis(self.at_ms)


def survey(config: Path, *words: object, code: int = 0) -> str:
    done = command(*words, "--config", config)
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stderr if code and not done.stdout else done.stdout


def the_level(config: Path) -> Level:
    with closing(open_database(read_settings(config))) as database, database.read() as work:
        plan = work.floor_plans.of(STORE)
    assert plan is not None
    return plan.levels[0]


def walked(config: Path) -> Path:
    """Let Anna's phone be heard at all points, two minutes each, until now; return when she was where."""
    level = the_level(config)
    began_ms = SystemClock().now_ms() - len(POINTS) * 2 * MINUTE
    far = distances_m(floor_of(level), np.array(POINTS), 1.2)
    losses = ZERO_LOSS_DBM - AT_1_M_DBM - SLOPE * falling_db(far)
    observations, lines = [], ["x,y,z,from,to"]
    for number, (x, y) in enumerate(POINTS):
        from_ms = began_ms + number * 2 * MINUTE
        times = (datetime.fromtimestamp((from_ms + add) / 1000, UTC) for add in (0, 100_000))
        lines.append(f"{x},{y},1.2,{','.join(each.isoformat() for each in times)}")
        for at_ms in range(from_ms + 20_000, from_ms + 100_000, 30_000):
            for index, spot in enumerate(level.spots):
                observations.append(
                    Observation(
                        person=PersonId(ANNA),
                        store=STORE,
                        edge=EdgeId(spot.edge),
                        scanner=spot.scanner,
                        carrier="ibeacon",
                        at_ms=Millis(at_ms),
                        loss_db=float(losses[index, number]),
                        n=20,
                    )
                )
    with closing(open_database(read_settings(config))) as database:
        with database.begin() as work:
            work.observations.make_shelves(shelves_of(observations))
            work.commit()
        with database.begin() as work:
            work.observations.put(observations)
            work.commit()
    path = config.parent / "walk.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def told_to_resume(config: Path, kept: Path) -> subprocess.CompletedProcess[str]:
    words = ("survey", "record", STORE, "--person", ANNA, "--walk", kept, "--config", config)
    return subprocess.run(
        [sys.executable, "-m", "shopbell_server", *map(str, words)],
        input="resume\n\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_walk_becomes_a_survey_that_is_checked_taken_out_and_brought_back(
    any_config: Path,
) -> None:
    config = any_config
    assert "no survey" in survey(config, "survey", "check", STORE, code=1)
    out = config.parent / "survey.csv"
    told = survey(
        config,
        *("survey", "record", STORE, "--person", ANNA),
        *("--points", walked(config), "--out", out),
    )
    assert f"{len(POINTS)} points added" in told
    assert out.read_text().startswith("x,y,z,door/ble0,door/ble1,door/ble2,door/ble3\n")
    judged = survey(config, "survey", "check", STORE)
    assert f"ground: {len(POINTS)} points, 4 scanners" in judged
    assert "left: 8 points" in judged
    assert "in their zone" in judged
    with closing(open_database(read_settings(config))) as database, database.read() as work:
        (act,) = [e.act for e in work.audit.records(0) if e.act.what == What.SURVEYED]
    assert (act.person, act.store) == (ANNA, STORE)
    # A seed says where scanners hang, and takes no survey away.
    survey(config, "seed", config.parent / "seed.json")
    again = config.parent / "again.csv"
    survey(config, "survey", "export", STORE, again)
    assert again.read_text() == out.read_text()
    assert "threw away 16 points" in survey(config, "survey", "delete", STORE)
    assert "has no survey" in survey(config, "survey", "export", STORE, again, code=1)
    assert "a survey of 16 points" in survey(config, "survey", "import", STORE, out)
    assert survey(config, "survey", "check", STORE) == judged


def test_what_is_wrong_is_said_with_file_and_line(config: Path) -> None:
    path = config.parent / "wrong.csv"
    path.write_text("x,y,z,door/ble0\n1,2,1.2,-70\n1,two,1.2,-70\n")
    said = survey(config, "survey", "import", STORE, path, code=1)
    assert said.startswith(f'{path}:3: y "two" is no number')
    path.write_text("x,y,z,other/ble0\n1,2,1.2,-70\n")
    said = survey(config, "survey", "import", STORE, path, code=1)
    assert "none of its receivers hangs on level ground" in said
    walk = ("survey", "record", STORE, "--person", ANNA, "--points", path)
    path.write_text("x,y,z,from,to\n1,2,1.2,2026-11-21T14:02:00Z,2026-11-21T14:02:10Z\n")
    assert "less than 45 s" in survey(config, *walk, code=1)
    assert (
        "no such file" in survey(config, "survey", "check", STORE, "--file", "/no", code=1).lower()
    )
    path.write_text("x,y,z,from,to\n1,2,1.2,2026-11-21T14:02:00Z,2026-11-21T14:03:10Z\n")
    assert "no scanner of this level" in command(*walk, "--config", config).stderr


def test_stores_levels_and_phones_are_named_or_told(config: Path) -> None:
    for words, said in (
        (("check", "delft"), 'there is no store "delft"; there is: hague, leiden'),
        (("check", "leiden"), 'store "leiden" has no floor plan'),
        (("check", STORE, "--level", "roof"), 'no level "roof"; it has ground'),
        (("record", STORE, "--person", "nobody"), "no phone enrolled there"),
        (("record", STORE, "--profile", "nobody"), "no phone enrolled there"),
    ):
        assert said in survey(config, "survey", *words, code=1)


def test_a_poor_survey_is_told_what_to_mend(config: Path) -> None:
    path = config.parent / "poor.csv"
    lines = [f"{x},1,1.2,-70,,-80" for x in (1, 2, 3)]
    path.write_text("\n".join(["x,y,z,door/ble0,door/ble1,cellar/ble0", *lines, "99,1,1,-90,,"]))
    judged = survey(config, "survey", "check", STORE, "--file", path, code=1)
    for said in (
        "left: 3 points",
        "right: 1 points",
        "from the next point; walk there",
        "1 points lie outside the level",
        "door/ble1 heard none of the points",
        "door/ble2 heard none of the points",
        "cellar/ble0 is no scanner of this level",
        "too few points to say how wrong the map is",
    ):
        assert said in judged


class Terminal:
    """What a surveyor types, each `ok` after long enough; then she breaks off."""

    def __init__(self, clock: SetClock, typed: str) -> None:
        self._clock = clock
        self._typed = io.StringIO(typed)

    def readline(self) -> str:
        line = self._typed.readline()
        self._clock.at_ms += SHORTEST_MS if line == "ok\n" else 0
        if line == "^C\n":
            raise KeyboardInterrupt
        return line


@pytest.fixture
def kept(tmp_path: Path) -> WalkFile:
    return WalkFile(tmp_path / "hague-ground.walk.csv")


def walk(kept: WalkFile, typed: str, at_ms: int = 0) -> list[tuple[float, float, float]]:
    clock = SetClock()
    clock.at_ms = at_ms
    with kept.open():
        stands = Walk(Terminal(clock, typed).readline, clock, kept).stands()
    return [(each.x_m, each.y_m, each.z_m) for each in stands]


def test_a_surveyor_types_where_she_stands(
    capsys: pytest.CaptureFixture[str], kept: WalkFile
) -> None:
    typed = "3.5 2\nok\nhere\n1, 2, 0.9\nok\n1 1\ntoo soon\n\n5 5\n"
    assert walk(kept, typed) == [(3.5, 2, 1.2), (1, 2, 0.9)]
    said = capsys.readouterr().out
    assert "here is no point" in said
    assert "Only 0 s: this point does not count" in said


def test_points_of_a_walk_that_is_broken_off_are_gone_on_from(
    capsys: pytest.CaptureFixture[str], kept: WalkFile
) -> None:
    with pytest.raises(KeyboardInterrupt):
        walk(kept, "3.5 2\nok\n1 2\nok\n5 5\n^C\n", 1_234)
    with kept.path.open("a") as file:
        file.write("7,7,1.2,1970-01-01T00:0")  # the power fails meanwhile
    typed = "what?\nRESUME\n5 5\nok\n\n"
    assert walk(kept, typed, 100_000) == [(3.5, 2, 1.2), (1, 2, 1.2), (5, 5, 1.2)]
    assert "Type resume or discard." in capsys.readouterr().out
    assert kept.path.stat().st_mode & 0o777 == 0o600
    assert walk(kept, "resume\n\n", KEPT_MS + SHORTEST_MS + 1_234) == [(1, 2, 1.2), (5, 5, 1.2)]
    assert "3 points of a walk that was broken off, 1 of them older" in capsys.readouterr().out
    with pytest.raises(UsageError, match="type resume or discard"):
        walk(kept, "")
    assert walk(kept, "discard\n8 8\nok\n\n") == [(8, 8, 1.2)]
    assert walk(kept, "discard\n\n") == []
    assert not kept.path.exists()


def test_a_file_that_is_no_walk_is_left_as_it_is(kept: WalkFile) -> None:
    kept.path.write_text("secret")
    with pytest.raises(CommandError, match="write x,y,z,from,to"):
        walk(kept, "discard\n")
    assert kept.path.read_text() == "secret"
    with pytest.raises(CommandError, match="name another file with --walk"):
        walk(WalkFile(kept.path / "beneath"), "")


def test_a_walk_is_kept_until_the_survey_has_it(config: Path) -> None:
    kept = walked(config)
    words = ("survey", "record", STORE, "--person", ANNA, "--walk", kept)
    assert "Type resume" in survey(config, *words, code=2)
    far = config.parent / "far.csv"
    far.write_text("x,y,z,from,to\n1,2,1.2,2020-11-21T14:02:00Z,2020-11-21T14:03:10Z\n")
    said = told_to_resume(config, far)
    assert said.returncode != 0
    assert far.exists()
    done = told_to_resume(config, kept)
    assert f"{len(POINTS)} points added" in done.stdout
    assert not kept.exists()
