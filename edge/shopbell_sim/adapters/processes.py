"""The programs of the demo as child processes.

Owns: starting them, noticing that one ended, ending all of them.
Never: leaves one behind: each is in a group of its own, dies with this process even if that is killed,
and is killed itself if it does not end when told to.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from shopbell_program.children import die_with_parent
from shopbell_program.commands import CommandError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

STOP_S: Final = 8.0
"""The server ends its broker first, which may take 5 s; edges take one."""

GRACE_S: Final = 1.0
"""From a connection that breaks to the end of the process that held it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A running program; `log` has what it prints."""

    name: str
    process: asyncio.subprocess.Process
    log: Path
    out: Path
    stays: bool
    """Whether its end is news; a command ends by itself."""

    def died(self) -> CommandError:
        """Return what to tell about its end."""
        return CommandError(
            f"{self.name} ended by itself (exit code {self.process.returncode}). "
            f"Its last words: {last_words(self.log)}\nAll of its log: {self.log}"
        )


class Processes:
    """Children, in order of their start. Everything ends when the context does."""

    def __init__(self, folder: Path) -> None:
        """`folder` gets a log of each."""
        self._folder = folder
        self._children: list[Child] = []
        self._more = asyncio.Event()

    @property
    def children(self) -> Sequence[Child]:
        """Those that were started and not waited for."""
        return self._children

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, name: str, arguments: Sequence[str]) -> Child:
        """Start a program that stays: `python -m` with `arguments`.

        What it says goes into NAME.log, its output into NAME.out.
        """
        return await self._start(name, arguments, stays=True)

    async def finish(self, name: str, arguments: Sequence[str]) -> None:
        """Run a program that ends by itself, in the same way. Raises CommandError if it failed."""
        child = await self._start(name, arguments, stays=False)
        if await child.process.wait() != 0:
            raise child.died()
        self._children.remove(child)

    async def _start(self, name: str, arguments: Sequence[str], *, stays: bool) -> Child:
        log, out = self._folder / f"{name}.log", self._folder / f"{name}.out"
        with log.open("wb") as errors, out.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                # Ctrl-C goes to the whole foreground group: we end them ourselves, in order.
                process_group=0,
                preexec_fn=die_with_parent,  # it only calls prctl
            )
        child = Child(name=name, process=process, log=log, out=out, stays=stays)
        self._children.append(child)
        self._more.set()
        return child

    async def watch(self) -> None:
        """Wait until any child that should stay ends, and raise CommandError with its last words."""
        while True:
            self._more.clear()
            staying = [child for child in self._children if child.stays]
            waiting = [
                asyncio.create_task(self._more.wait(), name="more"),
                *(asyncio.create_task(each.process.wait(), name=each.name) for each in staying),
            ]
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in waiting:
                    task.cancel()
                await asyncio.gather(*waiting, return_exceptions=True)
            for child in staying:
                if child.process.returncode is not None:
                    raise child.died()

    async def casualty(self) -> CommandError | None:
        """Return what to tell of a child that ended within the last moment, if one did.

        For whoever could not reach it: why it is gone says more than that it does not answer.
        """
        with suppress(TimeoutError, CommandError):
            async with asyncio.timeout(GRACE_S):
                await self.watch()
        gone = (each for each in self._children if each.process.returncode is not None)
        return next((each.died() for each in gone if each.stays or each.process.returncode), None)

    async def stop(self) -> None:
        """End all children, the last started first; by force those that do not listen."""
        for child in reversed(self._children):
            with suppress(ProcessLookupError):
                child.process.terminate()
        waits = [child.process.wait() for child in self._children]
        if waits:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_S):
                    await asyncio.gather(*waits)
        for child in self._children:
            if child.process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(child.process.pid, signal.SIGKILL)
                await child.process.wait()
        self._children.clear()


def last_words(log: Path) -> str:
    """Return the last line of a log that is not a detail of the one before; "nothing" if there is none."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    whole = [line.strip() for line in lines if line.strip() and not line[0].isspace()]
    return whole[-1] if whole else "nothing"
