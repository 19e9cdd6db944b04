"""Waits with everything loaded that our programs import, and forks for each module that is to be run.

`python -m tests.rigs.loaded_program SOCKET`: says "loaded", then answers each connection to SOCKET with the
child's id, and with its exit code when the command has ended. It ends when its standard input does.
`commands.py` speaks to it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import traceback
from importlib import import_module
from pkgutil import walk_packages
from runpy import run_module
from typing import Any, Final

PROGRAMS: Final = ("shopbell_server", "shopbell_edge")

LEFT_OUT: Final = (".__main__", ".migrations", ".adapters.camera", ".qr")
"""A program's first module is for whoever runs it, revisions run inside Alembic alone; what looks at pictures
is for a process of its own."""


def main(path: str) -> None:
    """Serve until standard input ends."""
    for program in PROGRAMS:
        _load(program)
    signal.signal(
        signal.SIGCHLD, signal.SIG_IGN
    )  # nobody waits for children: clients have their word
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path)
        door.listen()
        print("loaded", flush=True)  # noqa: T201  to whoever started this process
        while True:
            ready, _, _ = select.select([door.fileno(), 0], [], [])
            if 0 in ready:
                return
            asked, _ = door.accept()
            if os.fork() == 0:
                door.close()
                _answer(asked)
            asked.close()


def _load(program: str) -> None:
    package = import_module(program)
    for found in walk_packages(package.__path__, f"{program}."):
        if not any(part in found.name for part in LEFT_OUT):
            import_module(found.name)


def _answer(asked: socket.socket) -> None:
    """Run a module in this process and end it, as the interpreter would."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    said, files, _, _ = socket.recv_fds(asked, 65_536, 3)
    while not said.endswith(b"\n"):
        said += asked.recv(65_536)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    # Before the first word, so that whoever has it may send signals and read what follows.
    asked.sendall(f"{os.getpid()}\n".encode())
    code = 1
    try:
        code = _perform(json.loads(said))
    except BaseException:  # noqa: BLE001  as the interpreter does with whatever nobody caught
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            if not stream.closed:
                stream.flush()
        asked.sendall(f"{code}\n".encode())
        os._exit(code)


def _perform(task: dict[str, Any]) -> int:
    os.chdir(task["folder"])
    os.environ.clear()
    os.environ.update(task["environment"])
    sys.argv = task["line"]
    try:
        run_module(task["line"][0], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)  # noqa: T201  as the interpreter does
            return 1
        return end.code or 0
    return 0


if __name__ == "__main__":
    main(sys.argv[1])
