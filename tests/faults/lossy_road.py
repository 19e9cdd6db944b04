"""An edge's road over a network that loses packets: `python -m tests.faults.lossy_road FOLDER SCANS`.

For a network namespace of its own, in which the loopback loses them: broker, edge and server all live there.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from pathlib import Path
from typing import Final

from shopbell_edge.core.resend import SendRules
from tests.edge import events
from tests.rigs.brokers import MosquittoBroker
from tests.rigs.committing_server import CommittingServer
from tests.rigs.road import Journey, edge, emptied, feed, scans

PATIENT: Final = SendRules(
    answer_ms=3_000, answer_most_ms=6_000, backlog_events_per_s=None, reconnect_wait_ms=50
)
"""An answer that was lost is asked for again within seconds, as often as it takes."""

WITHIN_S: Final = 100.0
"""For twenty scans; they take 4 s, and a quarter of a minute when a connection was given up."""

PORT: Final = 1883
"""Free, for nobody else lives in the namespace; what goes to it and comes from it is what gets lost."""

GROWTH_KIB: Final = 16 * 1024
"""A full window is 64 batches of 60 KiB, and they are not full here: the rest is room for Python."""


async def travel(folder: Path, number: int) -> None:
    """Let `number` scans come by twenty; all must arrive, none twice under another name."""
    with MosquittoBroker(folder / "mosquitto", port=PORT) as broker:
        async with (
            CommittingServer(broker, tenant="acme", edge="edge-1") as server,
            edge(broker, folder, Journey(rules=PATIENT, keepalive_s=10)) as spool,
        ):
            used_kib = 0
            for first in range(0, number, 20):
                await feed(spool, first, min(first + 20, number))
                await emptied(spool, within_s=WITHIN_S)
                used_kib = used_kib or _most_used_kib()
            assert _most_used_kib() - used_kib < GROWTH_KIB
            assert scans(server) == {events.scan(n) for n in range(number)}
            assert server.conflicts == 0


def _most_used_kib() -> int:
    """Return the most memory that this process has ever had: edge and server together."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    asyncio.run(travel(Path(sys.argv[1]), int(sys.argv[2])))
    print("arrived", flush=True)  # noqa: T201  to whoever started this process
