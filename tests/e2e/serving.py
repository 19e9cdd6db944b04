"""The server as it is, in a process of its own, with a clock that can be put forward.

`python -m tests.e2e.serving SERVER.toml STAFF`; every line of standard input is by how many milliseconds
the clock is ahead from then on. It stops on SIGTERM, and when standard input ends.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from shopbell_program import logs
from shopbell_server import bootstrap
from shopbell_server.config.reading import read_settings
from shopbell_server.core.ids import Millis

if TYPE_CHECKING:
    from shopbell_server.bootstrap import Ready


class AheadClock:
    """The machine's clock, and a little more."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def now_ms(self) -> Millis:
        return Millis(time.time_ns() // 1_000_000 + self.ahead_ms)


async def main(config: Path, staff: str) -> None:
    clock = AheadClock()
    loop = asyncio.get_running_loop()

    def say(ready: Ready) -> None:
        _print(f"ready {ready.url} {ready.sign_in[0]}")
        loop.add_reader(0, obey, ready)

    def obey(ready: Ready) -> None:
        said = os.read(0, 4096)
        if not said:
            loop.remove_reader(0)
            ready.stop()
            return
        clock.ahead_ms = int(said.split()[-1])
        _print(f"ahead {clock.ahead_ms}")

    await bootstrap.serve(read_settings(config), say, sign_in=[staff], clock=clock)


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201  to whoever started this process


if __name__ == "__main__":
    logs.configure(as_json=True)
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
