"""An edge's road over a network that loses packets: `python -m tests.faults.lossy_road FOLDER SCANS`.

For a network namespace of its own, in which the loopback loses them: broker, edge and server all live there.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

from shopbell_edge.core.resend import SendRules
from tests.edge import events
from tests.rigs.brokers import MosquittoBroker
from tests.rigs.committing_server import CommittingServer
from tests.rigs.road import Journey, edge, emptied, feed, scans

PATIENT: Final = SendRules(answer_ms=3_000, backlog_events_per_s=None, reconnect_wait_ms=50)
WITHIN_S: Final = 300.0


async def travel(folder: Path, number: int) -> None:
    """Let `number` scans come in twenty commits; all must arrive, none twice under another name."""
    with MosquittoBroker(folder / "mosquitto") as broker:
        async with (
            CommittingServer(broker, tenant="acme", edge="edge-1") as server,
            edge(broker, folder, Journey(rules=PATIENT, keepalive_s=5)) as spool,
        ):
            for first in range(0, number, 20):
                await feed(spool, first, min(first + 20, number))
                await emptied(spool, within_s=WITHIN_S)
            assert scans(server) == {events.scan(n) for n in range(number)}
            assert server.conflicts == 0


if __name__ == "__main__":
    asyncio.run(travel(Path(sys.argv[1]), int(sys.argv[2])))
    print("arrived", flush=True)  # noqa: T201  to whoever started this process
