"""A server that only takes batches and answers: `python -m tests.bench.committing PORT FOLDER`.

In a process of its own, so that the edge that is measured has its own to itself. Prints `ready`.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.rigs.brokers import NatsBroker
from tests.rigs.committing_server import CommittingServer


async def main(port: int, folder: Path) -> None:
    """Answer until this process is ended."""
    there = NatsBroker(folder, port=port)  # runs already; this is how to reach it
    async with CommittingServer(there, tenant="acme", edge="edge-1"):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
