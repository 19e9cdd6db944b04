"""Commands of our programs, each in a process of its own that need not import anything any more.

`run_command("shopbell_server", "keys", "list", …)` runs what `python -m shopbell_server keys list …` runs, in
a tenth of the time: starting an interpreter and importing are a second of computing, and tests give some
five hundred commands. How a program starts from nothing is tried where that is the question.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_S: Final = 100.0
"""Some wait a minute for an edge; a loaded machine takes its time."""


def run_command(
    program: str,
    *arguments: object,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; return its exit code and what it printed, as `subprocess.run` does."""
    line = [program, *map(str, arguments)]
    with (
        tempfile.NamedTemporaryFile("r") as out,
        tempfile.NamedTemporaryFile("r") as err,
        socket.socket(socket.AF_UNIX) as asking,
        asking.makefile() as said,
    ):
        asking.settimeout(LONGEST_S)
        asking.connect(_loaded().address)
        task = {
            "program": program,
            "arguments": line[1:],
            "folder": str(folder or Path.cwd()),
            "environment": {**os.environ, **(environment or {})},
            "out": out.name,
            "err": err.name,
        }
        asking.sendall(f"{json.dumps(task)}\n".encode())
        pid = int(said.readline())
        try:
            code = said.readline()
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(line, LONGEST_S) from None
        assert code, f"{line} ended without a word: {err.read()}"
        return subprocess.CompletedProcess(line, int(code), out.read(), err.read())


class LoadedProgram:
    """The process that has everything. It ends with the one that started it, also if that is killed."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="shopbell-loaded-")
        self.address = str(Path(self._folder, "socket"))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.rigs.loaded_program", self.address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"loaded\n"

    def close(self) -> None:
        """End it."""
        # It waits for the end of its standard input.
        self._process.communicate()
        shutil.rmtree(self._folder)


@cache
def _loaded() -> LoadedProgram:
    program = LoadedProgram()
    atexit.register(program.close)
    return program
