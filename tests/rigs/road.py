"""The road of an edge as the daemon runs it: spool on disk, drain, uplink; with less patience."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shopbell_edge.adapters.clock import system_clock
from shopbell_edge.adapters.mqtt.broker import Broker
from shopbell_edge.adapters.mqtt.uplink import MqttUplink
from shopbell_edge.adapters.spool.batches import Speaker
from shopbell_edge.adapters.spool.sqlite import SqliteSpool
from shopbell_edge.core.hush import Hush
from shopbell_edge.core.resend import SendRules
from shopbell_edge.tasks.drain import PULSE, drain
from shopbell_edge.tasks.pulses import Pulses
from shopbell_wire.messages import Scan, Status
from tests.edge import events
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from typing import Literal

    from shopbell_edge.adapters.mqtt.broker import Tls
    from shopbell_edge.adapters.spool.disk import Room
    from shopbell_edge.ports import EdgeClock
    from tests.rigs.brokers import BrokerProcess
    from tests.rigs.committing_server import CommittingServer

WAIT_S: Final = 60.0

QUICK: Final = SendRules(
    answer_ms=150, answer_most_ms=600, backlog_events_per_s=None, reconnect_wait_ms=50
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """How an edge travels: what differs from a quiet road to the broker."""

    rules: SendRules = QUICK
    port: int | None = None
    """Where the broker seems to be; None: where it is."""
    host: str = "127.0.0.1"
    tls: Tls | None = None
    keepalive_s: int = 30
    answer_s: float = 10.0
    room: Room | None = None
    stream: str = ""
    """Empty: a random one, as the daemon's."""
    clock: EdgeClock = field(default_factory=lambda: system_clock("system", err_ms=10))


@asynccontextmanager
async def edge(
    broker: BrokerProcess, folder: Path, journey: Journey | None = None
) -> AsyncIterator[SqliteSpool]:
    """Run the road to `broker` with the spool in `folder`; yield the spool."""
    way = journey or Journey()
    stream = way.stream or f"{random.getrandbits(128):032x}"
    password_file = folder / "password"
    password_file.write_text(broker.users["edge"])
    account = Broker(
        host=way.host,
        port=way.port or broker.port,
        tenant="acme",
        edge="edge-1",
        version="3.1.1" if broker.name == "nats" else "5",
        username="edge",
        password_file=password_file,
        tls=way.tls,
        keepalive_s=way.keepalive_s,
        answer_s=way.answer_s,
        first_retry_s=0.05,
        most_retry_s=0.2,
    )

    def describe(number: int, state: Literal["online", "offline"]) -> Status:
        return Status(
            edge="edge-1",
            stream=stream,
            conn=number,
            state=state,
            version="test",
            config="none",
            clock=way.clock.now(),
            scanners=(),
        )

    speaker = Speaker(edge="edge-1", stream=stream, software="test")
    uplink = MqttUplink(account, describe)
    path = folder / "spool.db"
    async with SqliteSpool(path, speaker, way.clock.now(), room=way.room) as spool:
        pulses = Pulses(way.clock, [PULSE])
        work = drain(
            spool, uplink, way.clock, pulses, rules=way.rules, hush=Hush(), roll=random.random
        )
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(uplink.run()), group.create_task(work)]
            yield spool
            for task in tasks:
                task.cancel()


async def feed(spool: SqliteSpool, first: int, last: int) -> None:
    """Append the scans `first` to `last`, each in a commit of its own."""
    clock = system_clock("system", err_ms=10)
    for n in range(first, last):
        await spool.append([events.scan(n)], clock.now())


async def emptied(spool: SqliteSpool, *, within_s: float = WAIT_S) -> None:
    """Return once everything is answered."""

    async def empty() -> bool:
        depth = await spool.depth()
        return depth.unsealed == depth.sealed == 0

    await until("the spool is empty", empty, within_s=within_s)


def scans(server: CommittingServer) -> set[Scan]:
    return {event for event in server.events() if isinstance(event, Scan)}
