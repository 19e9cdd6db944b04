"""The whole road, nothing faked but the server: spool on disk, drain, MQTT, a real broker."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from shopbell_edge.adapters.clock import system_clock
from shopbell_edge.adapters.mqtt.broker import Broker
from shopbell_edge.adapters.mqtt.uplink import MqttUplink
from shopbell_edge.adapters.spool.batches import Speaker
from shopbell_edge.adapters.spool.sqlite import SqliteSpool
from shopbell_edge.core.resend import SendRules
from shopbell_edge.tasks.drain import PULSE, drain
from shopbell_edge.tasks.pulses import Pulses
from shopbell_wire.messages import Scan, Status
from tests.edge import events
from tests.rigs.committing_server import CommittingServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from typing import Literal

    from tests.rigs.brokers import BrokerProcess

WAIT_S = 40.0
QUICK = SendRules(
    answer_ms=150, answer_most_ms=600, backlog_events_per_s=None, reconnect_wait_ms=50
)


@pytest.fixture(params=["nats", "mosquitto"])
def broker(request: pytest.FixtureRequest) -> BrokerProcess:
    process: BrokerProcess = request.getfixturevalue(request.param)
    return process


@asynccontextmanager
async def edge(
    broker: BrokerProcess, folder: Path, *, rules: SendRules = QUICK
) -> AsyncIterator[SqliteSpool]:
    """Run an edge's road as the daemon does; yield its spool."""
    clock = system_clock("system", err_ms=10)
    stream = f"{random.getrandbits(128):032x}"
    password_file = folder / "password"
    password_file.write_text(broker.users["edge"])
    account = Broker(
        host="127.0.0.1",
        port=broker.port,
        tenant="acme",
        edge="edge-1",
        version="3.1.1" if broker.name == "nats" else "5",
        username="edge",
        password_file=password_file,
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
            clock=clock.now(),
            scanners=(),
        )

    speaker = Speaker(edge="edge-1", stream=stream, software="test")
    uplink = MqttUplink(account, describe)
    async with SqliteSpool(folder / "spool.db", speaker, clock.now()) as spool:
        pulses = Pulses(clock, [PULSE])
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(uplink.run()),
                group.create_task(
                    drain(spool, uplink, clock, pulses, rules=rules, roll=random.random)
                ),
            ]
            yield spool
            for task in tasks:
                task.cancel()


async def feed(spool: SqliteSpool, first: int, last: int) -> None:
    clock = system_clock("system", err_ms=10)
    for n in range(first, last):
        await spool.append([events.scan(n)], clock.now())


async def emptied(spool: SqliteSpool) -> None:
    """Return once everything is answered."""
    async with asyncio.timeout(WAIT_S):
        while True:
            depth = await spool.depth()
            if depth.unsealed == depth.sealed == 0:
                return
            await asyncio.sleep(0.02)


def scans(server: CommittingServer) -> set[Scan]:
    return {event for event in server.events() if isinstance(event, Scan)}


async def test_everything_arrives_once_and_the_spool_is_empty(
    broker: BrokerProcess, tmp_path: Path
) -> None:
    async with (
        CommittingServer(broker, tenant="acme", edge="edge-1") as server,
        edge(broker, tmp_path) as spool,
    ):
        await feed(spool, 0, 100)
        await emptied(spool)
    assert scans(server) == {events.scan(n) for n in range(100)}
    assert sum(len(batch.events) for batch in server.batches()) == 101
    assert [batch.seq for batch in server.batches()] == list(range(1, len(server.taken) + 1))


async def test_lost_answers_are_answered_for_the_same_bytes(
    broker: BrokerProcess, tmp_path: Path
) -> None:
    async with (
        CommittingServer(broker, tenant="acme", edge="edge-1") as server,
        edge(broker, tmp_path) as spool,
    ):
        server.silent = 5
        await feed(spool, 0, 20)
        await emptied(spool)
    assert scans(server) == {events.scan(n) for n in range(20)}
    assert server.repeats >= 5
    assert server.conflicts == 0


async def test_a_broker_killed_in_the_flow_costs_nothing(
    broker: BrokerProcess, tmp_path: Path
) -> None:
    async with (
        CommittingServer(broker, tenant="acme", edge="edge-1") as server,
        edge(broker, tmp_path) as spool,
    ):
        await feed(spool, 0, 50)
        async with asyncio.TaskGroup() as group:
            group.create_task(feed(spool, 50, 400))
            await server.until(lambda: len(scans(server)) >= 60)
            await asyncio.to_thread(broker.kill)
            await asyncio.to_thread(broker.start)
        await emptied(spool)
    assert scans(server) == {events.scan(n) for n in range(400)}
    assert sum(len(batch.events) for batch in server.batches()) == 401
    assert server.conflicts == 0


async def test_an_edge_that_starts_again_delivers_what_it_had(
    broker: BrokerProcess, tmp_path: Path
) -> None:
    async with CommittingServer(broker, tenant="acme", edge="edge-1") as server:
        server.silent = 10**6
        async with edge(broker, tmp_path) as spool:
            await feed(spool, 0, 10)
            await server.until(lambda: len(scans(server)) == 10)
        server.silent = 0
        async with edge(broker, tmp_path) as spool:
            await feed(spool, 10, 20)
            await emptied(spool)
        assert server.conflicts == 0
    assert scans(server) == {events.scan(n) for n in range(20)}
    assert len({batch.stream for batch in server.batches()}) == 2


async def test_what_waited_for_the_broker_arrives_as_backlog(
    broker: BrokerProcess, tmp_path: Path
) -> None:
    clock = system_clock("system", err_ms=10)
    now = clock.now()
    long_ago = replace(now, boottime_ms=now.boottime_ms - 31_000, wall_ms=now.wall_ms - 31_000)
    async with CommittingServer(broker, tenant="acme", edge="edge-1") as server:
        broker.stop()
        async with edge(broker, tmp_path) as spool:
            await spool.append([events.presence(n) for n in range(600)], long_ago)
            await spool.append([events.scan()], clock.now())
            await asyncio.to_thread(broker.start)
            await emptied(spool)
    assert {"live", "backlog"} == set(server.lanes)
    assert max(len(batch.events) for batch in server.batches()) == 200
    assert len(server.events()) == 602
