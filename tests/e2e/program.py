"""A program of ours as a child process: what it says goes to files, it is stopped by its id."""

from __future__ import annotations

import asyncio
import os
import subprocess
from typing import TYPE_CHECKING, Final

from tests.rigs.commands import Forked
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

START_S: Final = 40.0
"""Importing takes a second; a machine that starts everything at once takes its time."""

STOP_S: Final = 20.0

SHOWN: Final = 40
"""Last lines of a log: what a failed test is shown."""


class Program:
    """Started at once. `said` is its standard output so far, `log` its standard error."""

    def __init__(self, name: str, line: Sequence[str], folder: Path) -> None:
        """Run `line`, a module and its arguments, as `python -m` does."""
        self.name = name
        self._out = folder / f"{name}.out"
        self._log = folder / f"{name}.log"
        heard, tell = os.pipe()
        self._input = os.fdopen(tell, "wb")
        with (
            os.fdopen(heard, "rb") as hears,
            self._out.open("wb") as out,
            self._log.open("ab") as log,
        ):
            self._process = Forked(line, (hears.fileno(), out.fileno(), log.fileno()))

    @property
    def said(self) -> str:
        return self._out.read_text()

    @property
    def log(self) -> str:
        return self._log.read_text()

    async def says(self, line: str) -> str:
        """Wait for a line that begins with `line`; return the rest of it."""
        found: list[str] = []

        def there() -> bool:
            if self._process.poll() is not None:
                raise AssertionError(f"{self.name} ended with {self._process.poll()}")
            found.extend(each for each in self.said.splitlines() if each.startswith(line))
            return bool(found)

        await until(f"{self.name} says {line!r}", there, within_s=START_S)
        return found[-1].removeprefix(line).strip()

    async def logs(self, event: str) -> None:
        """Wait until its log has `event`."""

        def there() -> bool:
            if self._process.poll() is not None:
                raise AssertionError(f"{self.name} ended with {self._process.poll()}")
            return event in self.log

        await until(f"{self.name} logs {event!r}", there, within_s=START_S)

    def tell(self, line: str) -> None:
        """Write a line to its standard input."""
        self._input.write(f"{line}\n".encode())
        self._input.flush()

    def kill(self) -> None:
        """End it as a power cut would, and forget it."""
        self._process.kill()
        self._input.close()
        self._process.close()

    async def stop(self) -> int:
        """End it in good order; return its exit code. By force, and failing, when it takes too long."""
        self._process.terminate()
        try:
            return await asyncio.to_thread(self._process.wait, STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise AssertionError(f"{self.name} did not stop within {STOP_S:.0f} s") from None
        finally:
            self._input.close()
            self._process.close()

    def show(self) -> None:
        """Print the end of its log: pytest shows it beside a test that failed."""
        lines = self.log.splitlines()[-SHOWN:]
        print(f"--- {self.name}", *lines, sep="\n")  # noqa: T201  as said
