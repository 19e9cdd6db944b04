"""A program of ours as a child process that may be killed at any moment and started again.

What it says goes to one log, over all of its lives. It is ended by its id.
"""

from __future__ import annotations

import asyncio
import subprocess
from typing import TYPE_CHECKING, Final

from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

START_S: Final = 40.0
"""Importing takes a second; a machine that starts everything at once takes its time."""

STOP_S: Final = 20.0

SHOWN: Final = 60
"""Last lines of a log: what a failed test is shown."""


class Daemon:
    """`ready` is what it writes when it works. An end that nobody asked for is noted in `ends`.

    `wanted` until it is stopped, whether it is dead at the moment or not.
    """

    def __init__(self, name: str, command: Sequence[str | Path], folder: Path, ready: str) -> None:
        self.name = name
        self.lives = 0
        self.wanted = False
        self.ends: list[int] = []
        self._command = command
        self._ready = ready
        self._log = folder / f"{name}.log"
        self._log.touch()
        self._process: subprocess.Popen[bytes] | None = None
        self._began_at = 0

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def pid(self) -> int:
        assert self._process is not None, "not running"
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs; one that ended by itself is noted, once."""
        if self._process is None:
            return False
        code = self._process.poll()
        if code is not None:
            self.ends.append(code)
            self._process = None
        return code is None

    def start(self) -> None:
        """Start it, and return at once."""
        assert not self.alive, f"{self.name} runs already"
        self.lives += 1
        self.wanted = True
        self._began_at = self._log.stat().st_size
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    async def works(self) -> None:
        """Wait until this life of it works; start it again if it ended by itself, as systemd would."""

        def ready() -> bool:
            if not self.alive:
                self.start()
            with self._log.open("rb") as log:
                log.seek(self._began_at)
                return self._ready.encode() in log.read()

        await until(f"{self.name} works", ready, within_s=START_S)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.alive:
            assert self._process is not None
            self._process.kill()
            self._process.wait(STOP_S)
            self._process = None

    async def stop(self) -> None:
        """End it in good order; it must go in time and without complaint."""
        self.wanted = False
        if not self.alive:
            return
        assert self._process is not None
        process, self._process = self._process, None
        process.terminate()
        try:
            code = await asyncio.to_thread(process.wait, STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"{self.name} did not stop within {STOP_S:.0f} s") from None
        assert code == 0, f"{self.name} ended with {code}"

    def show(self) -> None:
        """Print the end of its log: pytest shows it beside a test that failed."""
        print(f"--- {self.name}", *self.log.splitlines()[-SHOWN:], sep="\n")  # noqa: T201  as said
