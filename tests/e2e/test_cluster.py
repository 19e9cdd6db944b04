"""More than one machine: a node and a worker die while 50 000 observations flow; all of them count, once."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import httpx2
import pytest

from tests.bench.board import looking
from tests.e2e.cluster import COMPARED, Site, access, cluster_table, metric
from tests.e2e.cluster_edges import PER_BATCH, Crowd, Sender
from tests.rigs.brokers import MosquittoBroker
from tests.rigs.nats_cluster import NatsCluster
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.rigs.nats_cluster import Node
    from tests.rigs.postgres import PostgresServer

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]

EDGES: Final = 5
PEOPLE: Final = 200
REPORTS: Final = 50_000
ANSWER_S: Final = 2.0
"""Thirty in a shop; nobody has that long here."""
LIMIT_S: Final = 600.0
RUNS: Final = int(os.environ.get("CLUSTER_RUNS", "1"))
"""How often in a row: `CLUSTER_RUNS=10 make e2e-long`."""


@contextmanager
def nats(folder: Path) -> Iterator[tuple[str, NatsCluster]]:
    with NatsCluster(folder) as cluster:
        yield cluster_table(cluster), cluster


@contextmanager
def mosquitto(folder: Path) -> Iterator[tuple[str, MosquittoBroker]]:
    with MosquittoBroker(folder) as broker:
        yield f'port = {broker.port}\nprotocol = "5"\n', broker


async def flow(
    senders: Mapping[str, Sender], *disturbances: tuple[float, Callable[[], object]]
) -> None:
    """Send everything; once such a share is answered, do what goes with it."""
    total = REPORTS // PER_BATCH

    async def disturb() -> None:
        for share, what in disturbances:
            enough = partial(is_answered, senders, share * total)
            await until(f"{share:.0%} of all answered", enough, within_s=LIMIT_S)
            assert answered(senders) < total, "too late: all is answered"
            await asyncio.to_thread(what)

    async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(disturb())
        for each in senders.values():
            tasks.create_task(each.run())


def is_answered(senders: Mapping[str, Sender], batches: float) -> bool:
    return answered(senders) >= batches


def answered(senders: Mapping[str, Sender]) -> int:
    return sum(len(each.answered) for each in senders.values())


def same(site: Site) -> None:
    """Compare what several took in with what one alone makes of the same batches."""
    assert len(site.rows("observations")) == REPORTS
    assert len(site.rows("batches")) == REPORTS // PER_BATCH
    for table in COMPARED:
        assert site.rows(table) == site.rows(table, alone=True), table


@pytest.fixture
async def prepared(postgres: PostgresServer, tmp_path: Path) -> AsyncIterator[Site]:
    async with Site(folder=tmp_path, postgres=postgres, name=f"cluster_{time.time_ns()}") as site:
        yield site


async def serve(site: Site, broker: str, workers: Sequence[str]) -> dict[str, str]:
    """Start all processes; return where each is reached."""
    await asyncio.to_thread(site.prepare, broker=broker, edges=EDGES, people=PEOPLE)
    places = {name: await site.start(name, "ingest") for name in workers}
    places["web"] = await site.start("web", "web", "jobs")
    for name in workers:
        await until(f"{name} is ready", partial(ready, places[name]), within_s=60)
    return places


async def a_change_shows(url: str) -> None:
    """Look at a board of this process until it shows somebody."""
    async with looking(int(url.rsplit(":", 1)[1])) as tablet, asyncio.timeout(LIMIT_S):
        async for event in tablet.events():
            if event.name == b"changed":
                assert b'"visit"' in event.data
                return
    raise AssertionError("the stream ended")


@pytest.mark.parametrize("number", range(RUNS))
async def test_all_count_once_while_a_node_and_a_worker_die(
    prepared: Site, tmp_path: Path, number: int
) -> None:
    with nats(tmp_path / "nats") as (table, cluster):
        places = await serve(prepared, table, ["one", "two", "three"])
        batches = Crowd(prepared.guests, EDGES, now_ms() - 100_000).says(REPORTS, now_ms())
        senders = {
            edge: Sender(
                access(tmp_path, edge, turned(cluster.nodes, number + which), "3.1.1"),
                sealed,
                ANSWER_S,
            )
            for which, (edge, sealed) in enumerate(batches.items())
        }
        leader = cluster.leader()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(a_change_shows(places["web"]))
            await flow(senders, (0.2, leader.kill), (0.4, lambda: prepared.kill("two")))
        assert [each.refused for each in senders.values()] == [[]] * EDGES
        assert max(each.connections for each in senders.values()) > 1, "nobody lost its node"
        taken = {
            name: await metric(places[name], "shopbell_batches_total") for name in ("one", "three")
        }
        heard = await metric(places["web"], 'shopbell_board_changes_total{way="heard"}')
        sends = sum(each.sends.total() for each in senders.values())
        print(  # noqa: T201  (what each run was like, for whoever reads its log)
            f"run {number}: killed {leader.server_name}; sent {sends} for {answered(senders)}; "
            f"taken by who lived {taken}; board changes heard {heard:.0f}"
        )
        assert heard > 0
        assert all(taken.values()), "who lived shared the work"
        await asyncio.to_thread(prepared.take_alone, batches)
        await asyncio.to_thread(same, prepared)


async def test_two_workers_share_by_mosquitto_and_one_dies(prepared: Site, tmp_path: Path) -> None:
    with mosquitto(tmp_path / "mosquitto") as (table, broker):
        places = await serve(prepared, table, ["one", "two"])
        batches = Crowd(prepared.guests, EDGES, now_ms() - 100_000).says(REPORTS, now_ms())
        senders = {
            edge: Sender(access(tmp_path, edge, [broker], "5"), sealed, ANSWER_S)
            for edge, sealed in batches.items()
        }
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(a_change_shows(places["web"]))
            await flow(senders, (0.2, broker.restart), (0.4, lambda: prepared.kill("two")))
        assert [each.refused for each in senders.values()] == [[]] * EDGES
        assert await metric(places["web"], 'shopbell_board_changes_total{way="heard"}') > 0
        await asyncio.to_thread(prepared.take_alone, batches)
        await asyncio.to_thread(same, prepared)


def turned(nodes: Sequence[Node], by: int) -> list[Node]:
    by %= len(nodes)
    return [*nodes[by:], *nodes[:by]]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def ready(url: str) -> bool:
    async with httpx2.AsyncClient(timeout=20.0) as client:
        return (await client.get(f"{url}/readyz")).status_code == 200
