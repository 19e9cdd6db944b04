"""Forgets customers by the real command, each in a process that is killed in the middle.

`python -m tests.server.forgetting CONFIG`: reads lines `PERSON STEP EVENTS…` and answers each with `killed`
or with the exit code. The process of the command is killed with SIGKILL (nothing is tidied up) when that
many of those events of SQLAlchemy have passed, in the database of the shop and in the store of the keys.
Processes are forked, for loading takes a second.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from pathlib import Path

from sqlalchemy import Engine, event

from shopbell_server.__main__ import main

LOADED = ("assembly", "operating.data_rights", "db.unit_of_work", "db.migrate", "db.key_store")


def serve(config: str) -> None:
    """Answer until standard input ends."""
    for each in LOADED:
        import_module(f"shopbell_server.{each}")
    for line in sys.stdin:
        person, step, *events = line.split()
        child = os.fork()
        if child == 0:
            _forget(config, person, int(step), events)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print("killed" if killed else os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201  the answer


def _forget(config: str, person: str, step: int, events: list[str]) -> None:
    """Run the command in this process, and end it."""
    left = step

    def passed(*_: object) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    for each in events:
        event.listen(Engine, each, passed)
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  (until the process ends)
    sys.argv = ["shopbell-server", "forget", person, "--yes", "--config", config]
    code: object = 1
    try:
        main()
    except SystemExit as end:
        code = end.code
    finally:
        os._exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    serve(sys.argv[1])
