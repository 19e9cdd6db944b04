from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest

from shopbell_program.commands import CommandError
from shopbell_sim.adapters.processes import Processes, last_words
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

SLEEPER = ("timeit", "-n1", "-r1", "import time; time.sleep(60)")
"""A module of the standard library that stays for a minute."""


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_all_children_end_with_the_context(tmp_path: Path) -> None:
    async with Processes(tmp_path) as processes:
        pids = [(await processes.start(name, SLEEPER)).process.pid for name in ("one", "two")]
        assert all(_alive(pid) for pid in pids)
    assert not any(_alive(pid) for pid in pids)


async def test_a_child_that_dies_is_named_with_its_last_words(tmp_path: Path) -> None:
    async with Processes(tmp_path) as processes:
        await processes.start("good", SLEEPER)
        await processes.start("bad", ("json.tool", "--no-such-option"))
        with pytest.raises(
            CommandError, match=r"bad ended by itself \(exit code 2\).*unrecognized"
        ):
            await asyncio.wait_for(processes.watch(), 20)


async def test_a_child_that_is_started_later_is_watched_too_and_a_command_may_end(
    tmp_path: Path,
) -> None:
    async with Processes(tmp_path) as processes:
        await processes.start("good", SLEEPER)
        watching = asyncio.create_task(processes.watch())
        await processes.finish("fine", ("timeit", "-n1", "pass"))
        assert not watching.done()
        await processes.start("bad", ("json.tool", "--no-such-option"))
        with pytest.raises(CommandError, match="bad ended by itself"):
            await asyncio.wait_for(watching, 20)


async def test_a_command_that_fails_says_so_and_one_that_does_not_is_done(tmp_path: Path) -> None:
    async with Processes(tmp_path) as processes:
        await processes.finish("fine", ("timeit", "-n1", "pass"))
        assert not processes.children
        with pytest.raises(CommandError, match="failing ended by itself"):
            await processes.finish("failing", ("json.tool", "/nowhere"))


async def test_a_casualty_is_found_and_otherwise_there_is_none(tmp_path: Path) -> None:
    async with Processes(tmp_path) as processes:
        await processes.start("good", SLEEPER)
        assert await processes.casualty() is None
        await processes.start("bad", ("json.tool", "--no-such-option"))
        found = await processes.casualty()
        assert found is not None
        assert "bad ended" in str(found)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
async def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import asyncio, pathlib\n"
        "from shopbell_sim.adapters.processes import Processes\n"
        "async def main():\n"
        f"    async with Processes(pathlib.Path({str(tmp_path)!r})) as processes:\n"
        f"        print((await processes.start('one', {SLEEPER!r})).process.pid, flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await asyncio.wait_for(parent.stdout.readline(), 20))
    parent.kill()
    await parent.wait()
    await until("the child has ended", lambda: not _alive(pid) or _is_zombie(pid))


def _is_zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123  # not a file
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_details_are_no_last_words(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("started\nwent wrong\n  here\n  there\n\n")
    assert last_words(log) == "went wrong"
    assert last_words(tmp_path / "none") == "nothing"
