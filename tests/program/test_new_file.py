from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from shopbell_program.new_file import write_instead, write_new

# A process that may write ten bytes a file: what a full disk does, without one.
WITHOUT_ROOM = """
import pathlib, resource, sys
from shopbell_program.new_file import write_instead, write_new
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
try:
    if sys.argv[2] == "new":
        write_new(pathlib.Path(sys.argv[1]), b"sixteen bytes in", mode=0o600)
    else:
        write_instead(pathlib.Path(sys.argv[1]), b"sixteen bytes in")
except OSError as error:
    print(error.filename)
"""


def test_it_is_there_whole_and_with_its_mode(tmp_path: Path) -> None:
    write_new(tmp_path / "new", b"whole", mode=0o600)
    assert (tmp_path / "new").read_bytes() == b"whole"
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


def test_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "old", b"new", mode=0o600)
    assert (tmp_path / "old").read_text() == "old"


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    path = tmp_path / "new"
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_ROOM, path, "new"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == str(path)
    assert not path.exists()


def test_what_a_file_held_is_replaced_and_who_may_read_it_stays(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    (tmp_path / "old").chmod(0o640)
    (tmp_path / "link").symlink_to("old")
    write_instead(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "old").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == 0o640
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link", "old"]


def test_a_file_that_is_not_there_is_made_and_a_folder_is_refused(tmp_path: Path) -> None:
    write_instead(tmp_path / "new", b"new")
    (tmp_path / "usual").touch()
    assert (tmp_path / "new").read_bytes() == b"new"
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode
    with pytest.raises(IsADirectoryError):
        write_instead(tmp_path, b"new")


def test_what_is_no_file_is_written_to() -> None:
    write_instead(Path("/dev/null"), b"new")
    assert Path("/dev/null").is_char_device()


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "old"
    path.write_text("old")
    subprocess.run(
        [sys.executable, "-c", WITHOUT_ROOM, path, "instead"],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
