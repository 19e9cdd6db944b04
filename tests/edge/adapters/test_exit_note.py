"""The note of when a process ended over a radio."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_edge.adapters.exit_note import ExitNote
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path


def test_the_last_one_of_this_boot_is_known(tmp_path: Path) -> None:
    note, clock = ExitNote(tmp_path / "spool.db.exit"), FakeClock()
    assert note.read(clock.now()) is None
    note.write(clock.now())
    clock.forward(60_000)
    note.write(clock.now())
    assert ExitNote(tmp_path / "spool.db.exit").read(clock.now()) == clock.boottime()
    assert [each.name for each in tmp_path.iterdir()] == ["spool.db.exit"]


def test_another_boot_is_another_try(tmp_path: Path) -> None:
    note = ExitNote(tmp_path / "note")
    note.write(FakeClock().now())
    assert note.read(FakeClock(boot="a1" * 16).now()) is None


@pytest.mark.parametrize("what", [b"", b"\xff\xfe\x00", b"b0" * 16 + b" -1\n", b"9" * 10_000])
def test_what_cannot_be_read_says_nothing(tmp_path: Path, what: bytes) -> None:
    (tmp_path / "note").write_bytes(what)
    assert ExitNote(tmp_path / "note").read(FakeClock().now()) is None
    (tmp_path / "folder").mkdir()
    assert ExitNote(tmp_path / "folder").read(FakeClock().now()) is None


def test_a_disk_that_takes_nothing_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        ExitNote(tmp_path / "gone" / "note").write(FakeClock().now())
