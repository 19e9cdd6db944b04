"""Days from files: those that come along, and what is said of those that make no sense."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shopbell_program.commands import CommandError, UsageError
from shopbell_program.settings import SettingsError
from shopbell_sim.adapters.day_file import SCENARIOS, SITES, is_day, known_days, path_of, read_day
from shopbell_sim.adapters.site_file import read_site
from shopbell_sim.days import command
from shopbell_sim.days.simulated import Asked, main
from tests.rigs.commands import run_command

if TYPE_CHECKING:
    from collections.abc import Sequence

SITE = """
name = "Kiosk"
doors = [2]
tills = [[0, 4, 3]]

[[levels]]
name = "Shop"
width_m = 5
depth_m = 5
zones = [{ id = "shop", name = "Shop", rect = [0, 0, 5, 5] }]
racks = [{ rect = [2, 1, 0.5, 2] }]

[[scanners]]
name = "door"
zone = "shop"
at = [0, 2, 4]
rests_s = 0
"""

ROOF = """[[levels]]
name = "Roof"
width_m = 5
depth_m = 5
zones = []
"""

DAY = """
name = "An hour"
site = "kiosk.toml"
opens = 2026-11-21T09:00:00+01:00

[trade]
hours = 0.6
customers = 4
passers = 1
staff = 1
stops = [2, 2]
look_s = 100
brief = 0
iphones = 0
"""


def written(folder: Path, *, site: str = SITE, day: str = DAY) -> Path:
    (folder / "kiosk.toml").write_text(site)
    path = folder / "day.toml"
    path.write_text(day)
    return path


@pytest.mark.parametrize("name", known_days())
def test_the_days_that_come_along_can_be_read(name: str) -> None:
    assert read_day(path_of(name)).site.receivers


def test_help_names_the_days_that_come_along() -> None:
    assert set(command.NAMES.split(", ")) == set(known_days())


def test_a_file_of_a_site_is_no_day_nor_is_nothing() -> None:
    assert is_day(SCENARIOS / "saturday.toml")
    assert not is_day(SITES / "supermarket.toml")
    assert not is_day(Path("nowhere.toml"))


def problems(error: SettingsError) -> Sequence[str]:
    return str(error).splitlines()


@pytest.mark.parametrize(
    ("instead", "of", "said"),
    [
        ('zone = "bakery"', 'zone = "shop"', 'there is no zone "bakery"'),
        ("at = [0, 2, 9]", "at = [0, 2, 4]", "lies outside of level 0"),
        ("at = [3, 2, 4]", "at = [0, 2, 4]", "there is no level 3"),
        ("doors = [7]", "doors = [2]", "lies beside the front"),
        ("racks = []", "racks = [{ rect = [2, 1, 0.5, 2] }]", "nothing to look at"),
        ("rests_s = 0\nenter_loss_db = 40", "rests_s = 0", "is below enter_loss_db"),
        ('name = "Shop", outline = [[0, 0]]', 'name = "Shop", rect = [0, 0, 5, 5]', "3 corners"),
        ("walls = [{ a = [0, 4], b = [5, 4], loss_db = 3 }]\nracks", "racks", "close it off"),
        ("stairs = [{ below = [0, 1, 1], above = [0, 4, 4] }]\ntills", "tills", "to the next above"),
        ('name = "A B"', 'name = "door"', 'scanners[0].name: "A B" is not allowed'),
        ("rect = [0, 0, 5, 0] }]\nracks", "rect = [0, 0, 5, 5] }]\nracks", "zones.shop: is empty"),
        ("outline = [[0, 0], [5, 0], [3, 0]]", "rect = [0, 0, 5, 5]", "zones.shop: is empty"),
        ("outline = [[0, 0], [5, 5], [5, 0], [0, 5]]", "rect = [0, 0, 5, 5]", "crosses itself"),
        ("rect = [1, 0, 5, 5]", "rect = [0, 0, 5, 5]", "beyond its level, which is 5 by 5 m"),
        ("racks = [{ rect = [2, 1, 0, 0] }]", "racks = [{ rect = [2, 1, 0.5, 2] }]", "racks[0]: is empty"),
        ("racks = [{ rect = [9, 1, 1, 1] }]", "racks = [{ rect = [2, 1, 0.5, 2] }]", "racks[0]: reaches"),
        ('{ id = "bar", name = "Bar", rect = [4, 4, 1, 1] }, { id =', "{ id =", 'over zone "shop"'),
        ("width_m = 500\ndepth_m = 21", "width_m = 5\ndepth_m = 5", "more than 10000 m²; write a part"),
        (f"{ROOF}[[scanners]]", "[[scanners]]", "levels[1]: nothing leads there"),
        (f"{ROOF.replace('Roof', 'Shop')}[[scanners]]", "[[scanners]]", '"Shop" stands twice'),
        (f'{SITE[SITE.index("[[scanners"):]}\n[[scanners]]', "[[scanners]]", '"door" stands twice'),
    ],
    ids=lambda each: each[:20],
)  # fmt: skip
def test_what_makes_no_sense_of_a_site_is_said(
    tmp_path: Path, instead: str, of: str, said: str
) -> None:
    path = tmp_path / "site.toml"
    path.write_text(SITE.replace(of, instead, 1))

    with pytest.raises(SettingsError) as raised:
        read_site(path)

    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("instead", "of", "said"),
    [
        ("T09:00:00", "T09:00:00+01:00", "has no zone"),
        ("9999-11-21T09:00:00+01:00", "2026-11-21T09:00:00+01:00", "write one from 2000 to 2099"),
        ('"kiosk.toml"\nseed = -1', '"kiosk.toml"', "seed: -1 is not allowed"),
        ("stops = [3, 2]", "stops = [2, 2]", "swap them"),
        ("lingers = 0.9\nwaits = 0.9", "brief = 0", "1 is everybody"),
        ("hourly = []", "brief = 0", "leave it out"),
        ("custmers = 4", "customers = 4", "custmers"),
        ('site = "museum"', 'site = "kiosk.toml"', "or one of department-store, small-shop"),
        ("iphones = 0\n[[outages]]\nkind='deaf'\nof=['x']\nfrom_min=1\nfor_min=1", "iphones = 0", 'no "x"'),
        ("iphones = 0\n[[clocks]]\nedge='x'", "iphones = 0", 'no "x"'),
    ],
    ids=lambda each: each[:20],
)  # fmt: skip
def test_what_makes_no_sense_of_a_day_is_said(
    tmp_path: Path, instead: str, of: str, said: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        read_day(written(tmp_path, day=DAY.replace(of, instead, 1)))

    assert said in str(raised.value)


def test_a_day_is_written_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"

    main(Asked(scenario=str(written(tmp_path)), out=out, all_zones=True))

    with gzip.open(out / "heard" / "door.csv.gz", "rt") as file:
        header, *heard = file.read().splitlines()
    assert header == "at_ms,address,ad,rssi_dbm"
    assert len(heard) > 1000
    truth = [json.loads(line) for line in (out / "truth.ndjson").read_text().splitlines()]
    entered = {each["who"] for each in truth if each["what"] == "entered"}
    seen = [json.loads(line) for line in (out / "seen.ndjson").read_text().splitlines()]
    assert {each["who"] for each in seen} <= entered
    assert all(zone == "shop" for each in seen for _, zone in each["zones"])
    assert all(each["zones"] for each in seen)
    assert (out / "picture.svg").read_text().startswith("<svg")
    assert "visits of phones that were on the air throughout found" in capsys.readouterr().out

    with pytest.raises(CommandError, match="name another folder"):
        main(Asked(scenario=str(tmp_path / "day.toml"), out=out))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_day_that_is_broken_off_leaves_nothing(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    path = written(tmp_path, day=DAY.replace("hours = 0.6", "hours = 20"))
    program = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler); {MAIN}"
    arguments = ["day", path, "--out", tmp_path / "out" / "day"]
    with subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert "h" in running.stdout.readline()
        assert list((tmp_path / "out").iterdir())
        running.send_signal(number)
        assert running.wait(30) == code
        assert running.stderr.read() == ""
    assert not list((tmp_path / "out").iterdir())


MAIN = "from shopbell_sim.__main__ import main; main()"

# A process that may write four hundred bytes a file: what a full disk does, without one.
WITHOUT_ROOM = """
import pathlib, resource, signal, sys
from shopbell_program.commands import run
from shopbell_sim.days.simulated import Asked, main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (400, 400))
sys.exit(run(lambda: main(Asked(scenario=sys.argv[1], out=pathlib.Path(sys.argv[2])))))
"""


def test_a_day_without_room_leaves_nothing_half_written(tmp_path: Path) -> None:
    out = tmp_path / "days" / "out"
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_ROOM, written(tmp_path), out],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (
        1,
        f"{out}: File too large; name another folder with --out\n",
    )
    assert not list(out.parent.iterdir())


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--from-min", "nan"], "--from-min nan: write 0 to 1440"),
        (["--minutes", "-5"], "--minutes -5: write 0.01 to 1440"),
        ([], "holds no API key; name another file with --api-key-file"),
    ],
)
def test_what_makes_no_sense_of_a_day_to_be_played_is_said(
    tmp_path: Path, more: list[str], says: str
) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe")
    done = run_command(
        *("shopbell_sim", "run", written(tmp_path), "--truth", tmp_path / "truth.ndjson"),
        *("--server", "http://127.0.0.1:1", "--api-key-file", tmp_path / "key"),
        *("--radios", tmp_path, *more),
    )
    assert done.returncode in {1, 2}
    assert says in done.stderr
    assert not (tmp_path / "truth.ndjson").exists()


def test_who_is_followed_is_known_before_the_day_is_lived(tmp_path: Path) -> None:
    path = written(tmp_path)

    with pytest.raises(UsageError, match="--follow nobody: no customer"):
        main(Asked(scenario=str(path), out=tmp_path / "out", follow="nobody"))

    assert not (tmp_path / "out").exists()
