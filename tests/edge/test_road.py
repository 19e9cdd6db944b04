"""The whole road, nothing faked but the server: spool on disk, drain, MQTT, a real broker."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from shopbell_edge.adapters.clock import system_clock
from tests.edge import events
from tests.rigs.committing_server import CommittingServer
from tests.rigs.road import edge, emptied, feed, scans

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rigs.brokers import BrokerProcess


@pytest.fixture(params=["nats", "mosquitto"])
def broker(request: pytest.FixtureRequest) -> BrokerProcess:
    process: BrokerProcess = request.getfixturevalue(request.param)
    return process


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
