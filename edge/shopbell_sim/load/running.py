"""A load, started: files and people first, then the shift, then what came of it.

Owns: what a process needs for many connections, and the exit code.
Never: speaks to the broker itself.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from typing import TYPE_CHECKING, Final

import msgspec

from shopbell_program.commands import CommandError
from shopbell_sim.load import people
from shopbell_sim.load.folder import LoadFolder
from shopbell_sim.load.shift import Shift
from shopbell_sim.load.summary import said

if TYPE_CHECKING:
    from shopbell_sim.load.asked import Load
    from shopbell_sim.load.summary import Summary

_FILES: Final = 256
"""Open files beside the connections."""


def main(load: Load, *, as_json: bool) -> int:
    """Run `load`, print what came of it; return 0 if nothing was lost or refused, else 1."""
    summary = asyncio.run(run(load))
    if as_json:
        print(msgspec.json.encode(summary).decode())
    else:
        print("\n".join(said(summary)))
    return 0 if summary.good else 1


async def run(load: Load) -> Summary:
    """Enrol whom it takes, then speak. Raises CommandError."""
    _allow_files(load.connections)
    everybody = await people.everybody(load, LoadFolder(path=load.data), time.time, _say)
    return await Shift(load, everybody, _say).run()


def _allow_files(connections: int) -> None:
    """Let this process have a socket for each connection. Raises CommandError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise CommandError(
            f"{connections} connections need {wanted} open files, and this user may have {hard}: raise "
            "`ulimit -n`, or share connections with --connections"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
