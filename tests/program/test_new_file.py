from __future__ import annotations

import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from shopbell_program.new_file import write_new

if TYPE_CHECKING:
    from pathlib import Path

# A process that may write ten bytes a file: what a full disk does, without one.
WITHOUT_ROOM = """
import pathlib, resource, sys
from shopbell_program.new_file import write_new
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
try:
    write_new(pathlib.Path(sys.argv[1]), b"sixteen bytes in", mode=0o600)
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
        [sys.executable, "-c", WITHOUT_ROOM, path],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == str(path)
    assert not path.exists()
