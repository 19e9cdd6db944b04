"""Nothing that a test starts as a group is left when the test is over."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.rigs.process_group import ended
from tests.rigs.waiting import until

CHILD = "sleep 600 & echo $! > child; mv child started; wait"
"""A command whose own child would outlive it."""


async def test_it_says_how_a_command_ended(tmp_path: Path) -> None:
    end = await ended("sh", "-c", "echo out; echo err >&2; exit 3", cwd=tmp_path, within_s=30)
    assert (end.code, end.said, end.complaint) == (3, "out\n", "err\n")


async def test_what_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        await ended("sh", "-c", CHILD, cwd=tmp_path, within_s=2)
    await until("the child is gone", lambda: _gone(tmp_path))


async def test_who_gives_up_leaves_nothing_behind(tmp_path: Path) -> None:
    work = asyncio.create_task(ended("sh", "-c", CHILD, cwd=tmp_path, within_s=60))
    await until("it has started", (tmp_path / "started").exists)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await until("the child is gone", lambda: _gone(tmp_path))


async def test_who_gives_up_before_it_runs_leaves_nothing_behind_either(tmp_path: Path) -> None:
    work = asyncio.create_task(ended("sh", "-c", CHILD, cwd=tmp_path, within_s=60))
    for _ in range(3):
        await asyncio.sleep(0)
    # The loop stands still: the command runs before anybody here has heard of it.
    for _ in range(2000):
        if (tmp_path / "started").exists():
            break
        time.sleep(0.01)  # noqa: ASYNC251  as said
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await until("the child is gone", lambda: _gone(tmp_path))


def _gone(folder: Path) -> bool:
    """Return whether the child has ended; one that nobody has buried yet counts as ended."""
    child = int((folder / "started").read_text())
    try:
        said = Path(f"/proc/{child}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return True
    return said.rpartition(")")[2].split()[0] == "Z"
