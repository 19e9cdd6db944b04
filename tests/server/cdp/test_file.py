from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shopbell_server.cdp.file import FileSink
from tests.server.told import letter

TORN = letter(1).body + b"\n" + letter(2).body[:100]


def sink(path: Path, *, rotate_bytes: int = 64 * 1024 * 1024, kept: int = 3) -> FileSink:
    return FileSink(name="file", path=path, rotate_bytes=rotate_bytes, kept=kept)


def numbers(path: Path) -> list[int]:
    """Return which letters are in a file."""
    text = path.read_text()
    assert text.endswith("\n")
    return [int(json.loads(line)["sequence"]) for line in text.splitlines()]


def test_a_file_is_not_for_everybody(tmp_path: Path) -> None:
    sink(tmp_path / "events").deliver([letter()])
    assert (tmp_path / "events").stat().st_mode & 0o137 == 0


def test_a_full_file_makes_room_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "events"
    one_line = sink(path, rotate_bytes=1, kept=2)
    for number in range(5):
        one_line.deliver([letter(number)])
    assert numbers(path) == [4]
    assert numbers(tmp_path / "events.1") == [3]
    assert numbers(tmp_path / "events.2") == [2]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["events", "events.1", "events.2"]


def test_it_is_full_by_size(tmp_path: Path) -> None:
    size = len(letter(10).body) + 1
    sized = sink(tmp_path / "events", rotate_bytes=2 * size)
    for number in range(10, 13):
        sized.deliver([letter(number)])
    assert numbers(tmp_path / "events.1") == [10, 11]
    assert numbers(tmp_path / "events") == [12]


def test_several_writers_never_cut_into_each_other_and_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "events"

    def write(number: int) -> None:
        outcomes = sink(path, rotate_bytes=20_000, kept=100).deliver([letter(number)] * 3)
        assert {each.kind for each in outcomes} == {"delivered"}

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(100)))
    written = [number for file in tmp_path.iterdir() for number in numbers(file)]
    assert sorted(written) == sorted([*range(100)] * 3)
    assert len(list(tmp_path.iterdir())) > 3


def test_whoever_reads_may_take_the_file_away(tmp_path: Path) -> None:
    path = tmp_path / "events"
    writer = sink(path)
    writer.deliver([letter(1)])
    path.replace(tmp_path / "taken")
    writer.deliver([letter(2)])
    assert numbers(path) == [2]
    assert numbers(tmp_path / "taken") == [1]


@pytest.mark.parametrize("torn", [TORN, TORN[: len(letter(1).body) + 6], letter(1).body[:9]])
def test_a_line_that_a_crash_left_unfinished_is_cut_off(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "events"
    path.write_bytes(torn)
    sink(path).deliver([letter(3)])
    assert numbers(path) == ([1, 3] if b"\n" in torn else [3])


@pytest.mark.parametrize("foreign", [b"precious", b"line\nprecious", b"x" * 100_000])
def test_somebody_elses_file_is_left_alone(tmp_path: Path, foreign: bytes) -> None:
    path = tmp_path / "events"
    path.write_bytes(foreign)
    outcome = sink(path).deliver([letter()])[0]
    assert outcome.kind == "retry"
    assert "no event" in outcome.reason
    assert path.read_bytes() == foreign


def test_a_folder_that_is_gone_is_waited_for(tmp_path: Path) -> None:
    outcome = sink(tmp_path / "none" / "events").deliver([letter()])[0]
    assert (outcome.kind, outcome.reason) == (
        "retry",
        "cannot write the file: No such file or directory",
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_waited_for() -> None:
    outcomes = sink(Path("/dev/full")).deliver([letter(1), letter(2)])
    assert [each.kind for each in outcomes] == ["retry"] * 2
    assert outcomes[0].reason == "cannot write the file: No space left on device"


def test_a_disk_that_takes_half_is_left_with_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "events"
    sink(path).deliver([letter(1)])
    size = path.stat().st_size
    # The limit on the size of files stands for the end of the disk: the kernel takes what fits.
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from shopbell_server.cdp.file import FileSink\n"
        "from tests.server.told import letter\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size + 700},) * 2)\n"
        "sink = FileSink(name='file', path=Path(sys.argv[1]))\n"
        "print(*{each.kind for each in sink.deliver([letter(2), letter(3)])})\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, path],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        check=True,
        timeout=60,
        text=True,
    )
    assert ran.stdout.strip() == "retry"
    assert numbers(path) == [1]
