"""Commands of our programs, each in a process of its own that need not import anything any more.

`run_command("shopbell_server", "keys", "list", …)` runs what `python -m shopbell_server keys list …` runs, in
a tenth of the time: starting an interpreter and importing are a second of computing, and tests give some
five hundred commands. How a program starts from nothing is tried where that is the question. `Forked` is the
same for a program that goes on while the test does.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
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
    from collections.abc import Mapping, Sequence

LONGEST_S: Final = 100.0
"""Some wait a minute for an edge; a loaded machine takes its time."""

KILLED: Final = -signal.SIGKILL
"""What stands for the exit code of one that ended by a signal."""


def run_command(
    program: str,
    *arguments: object,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; return its exit code and what it printed, as `subprocess.run` does."""
    line = [program, *map(str, arguments)]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        with Path(os.devnull).open() as nothing:
            files = (nothing.fileno(), out.fileno(), err.fileno())
            process = Forked(line, files, folder=folder, environment=environment)
        try:
            code = process.wait(LONGEST_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            process.close()
        out.seek(0)
        err.seek(0)
        said = err.read()
        assert code != KILLED, f"{line} ended without a word: {said}"
        return subprocess.CompletedProcess(line, code, out.read(), said)


class Forked:
    """A module run as `python -m` runs it, in a process that was forked for it. Ask as of a `Popen`."""

    def __init__(
        self,
        line: Sequence[str],
        files: tuple[int, int, int],
        *,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Run `line`, a module and its arguments, with `files` as standard input, output and error."""
        self._line = line
        self._code: int | None = None
        self._asking = socket.socket(socket.AF_UNIX)
        self._asking.settimeout(LONGEST_S)
        self._asking.connect(_loaded().address)
        task = {
            "line": line,
            "folder": str(folder or Path.cwd()),
            "environment": {**os.environ, **(environment or {})},
        }
        socket.send_fds(self._asking, [f"{json.dumps(task)}\n".encode()], files)
        self._said = self._asking.makefile()
        self.pid = int(self._said.readline())

    def poll(self) -> int | None:
        """Return its exit code, None while it runs."""
        if self._code is None and select.select([self._asking], [], [], 0)[0]:
            self._code = int(self._said.readline() or KILLED)
        return self._code

    def wait(self, timeout: float) -> int:
        """Return its exit code, KILLED if a signal ended it. Raises subprocess.TimeoutExpired."""
        if self._code is None and not select.select([self._asking], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(list(self._line), timeout)
        code = self.poll()
        assert code is not None
        return code

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._signal(signal.SIGKILL)

    def close(self) -> None:
        """Forget it, whatever it does."""
        self._said.close()
        self._asking.close()

    def _signal(self, number: signal.Signals) -> None:
        # Nobody waits for it but init: a moment after its end its number may be another's.
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


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
