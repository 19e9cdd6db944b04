"""A command and all that it starts, none of which outlives the call.

Owns: a process group of its own, ended by SIGKILL whatever became of the command or of the test.
Never: judges what the command says.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended, and what it had said."""

    code: int
    said: str
    complaint: str


async def ended(
    *command: str | Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    within_s: float,
) -> Ended:
    """Run `command` to its end; TimeoutError when that takes longer than `within_s`.

    When this returns, raises or is cancelled, nothing that the command started in its group is alive.
    """
    starting = asyncio.create_task(
        asyncio.create_subprocess_exec(
            *command,
            cwd=cwd,
            env=env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    )
    try:
        async with asyncio.timeout(within_s):
            # Who gives up meanwhile must not leave a command that is about to run.
            said, complaint = await (await asyncio.shield(starting)).communicate()
    finally:
        # Without an await before it, once it runs: also where the loop is being torn down.
        process = starting.result() if starting.done() else await starting
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    assert process.returncode is not None
    return Ended(
        code=process.returncode,
        said=said.decode(errors="replace"),
        complaint=complaint.decode(errors="replace"),
    )
