"""The network is bad, or the broker forgets: nothing is lost, nothing counts twice.

Only the edge's patience is shortened, by its rules; the server here says no more than what it has committed.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from shopbell_edge.core.resend import SendRules
from tests.edge import events
from tests.faults.plan import seeds
from tests.rigs.committing_server import CommittingServer
from tests.rigs.process_group import ended
from tests.rigs.road import Journey, edge, emptied, feed, scans
from tests.rigs.tcp_proxy import FINE, TcpProxy, Weather
from tests.rigs.waiting import until
from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.rigs.brokers import BrokerProcess, NatsBroker

pytestmark = pytest.mark.timeout(300)

PATIENT: Final = SendRules(
    answer_ms=1_500, answer_most_ms=6_000, backlog_events_per_s=None, reconnect_wait_ms=50
)

FEW, MANY = 4, 60
"""Changes of the weather: in every run, and in `make faults`."""

SCANS: Final = 15
"""Between two changes."""


@pytest.fixture(params=["nats", "mosquitto"])
def broker(request: pytest.FixtureRequest) -> BrokerProcess:
    process: BrokerProcess = request.getfixturevalue(request.param)
    return process


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that the network does; `name` is shown when it cost something."""

    name: str
    do: Callable[[TcpProxy], None]


def becomes(weather: Weather) -> Callable[[TcpProxy], None]:
    def change(wire: TcpProxy) -> None:
        wire.weather = weather

    return change


TROUBLES: Final = [
    Trouble(name="slow", do=becomes(Weather(delay_s=0.2))),
    Trouble(name="sliced", do=becomes(Weather(slice_bytes=3))),
    Trouble(name="64 kbit/s", do=becomes(Weather(bytes_per_s=8_000, slice_bytes=512))),
    Trouble(name="hole", do=becomes(Weather(hole=True))),
    Trouble(name="reset", do=TcpProxy.reset),
    Trouble(name="half open", do=TcpProxy.half_open),
]


async def travels(broker: BrokerProcess, folder: Path, seed: int, changes: int) -> None:
    """Let the weather change while scans come; all must arrive once it is fine again."""
    dice = random.Random(seed)
    plan = dice.sample(TROUBLES, len(TROUBLES)) + dice.choices(TROUBLES, k=changes)
    said = f"seed {seed}: {[trouble.name for trouble in plan]}"
    async with (
        CommittingServer(broker, tenant="acme", edge="edge-1") as server,
        TcpProxy(broker.port) as wire,
        edge(
            broker,
            folder,
            Journey(port=wire.port, rules=PATIENT, keepalive_s=2, answer_s=1.5),
        ) as spool,
    ):
        await feed(spool, 0, 1)
        await emptied(spool)
        for place, trouble in enumerate(plan):
            trouble.do(wire)
            first = 1 + place * SCANS
            await feed(spool, first, first + SCANS)
            if wire.weather.hole:
                # The edge finds out by itself, by a ping or a batch that nobody answers.
                before = wire.connections
                await until(f"{said}: another connection", lambda: wire.connections > before)  # noqa: B023  # called at once
                wire.weather = FINE
        wire.weather = FINE
        await emptied(spool)
        assert scans(server) == {events.scan(n) for n in range(1 + len(plan) * SCANS)}, said
        assert server.conflicts == 0, said


async def test_a_bad_network_costs_nothing(broker: BrokerProcess, tmp_path: Path) -> None:
    await travels(broker, tmp_path, seed=1, changes=FEW)


@pytest.mark.faults
@pytest.mark.parametrize("seed", seeds(5))
async def test_a_bad_network_by_many_seeds(
    broker: BrokerProcess, tmp_path: Path, seed: int
) -> None:
    await travels(broker, tmp_path, seed, MANY)


async def test_a_broker_that_comes_back_with_nothing_costs_nothing(
    broker: BrokerProcess, tmp_path: Path
) -> None:
    """It had confirmed what it lost: only what the server has committed leaves the spool."""
    async with (
        CommittingServer(broker, tenant="acme", edge="edge-1") as server,
        edge(broker, tmp_path) as spool,
    ):
        for life in range(3):
            async with asyncio.TaskGroup() as group:
                group.create_task(feed(spool, life * 100, life * 100 + 100))
                await server.until(lambda: len(scans(server)) >= life * 100 + 20)  # noqa: B023  # called at once
                await asyncio.to_thread(broker.kill)
                _forget(broker)
                await asyncio.to_thread(broker.start)
        await emptied(spool)
    assert scans(server) == {events.scan(n) for n in range(300)}
    assert server.conflicts == 0


def _forget(broker: BrokerProcess) -> None:
    """Leave the broker nothing on disk; mosquitto keeps nothing there unless it is told to."""
    shutil.rmtree(broker.folder / "jetstream", ignore_errors=True)


async def test_what_the_broker_confirmed_and_lost_is_sent_again(
    nats: NatsBroker, tmp_path: Path
) -> None:
    async with edge(nats, tmp_path) as spool:

        async def sealed() -> bool:
            return not (await spool.depth()).unsealed

        await feed(
            spool, 0, 20
        )  # nobody listens: the broker takes them, and that counts for nothing
        await until("all are sealed", sealed)
        await asyncio.to_thread(nats.kill)
        _forget(nats)
        await asyncio.to_thread(nats.start)
        async with CommittingServer(nats, tenant="acme", edge="edge-1") as server:
            await emptied(spool)
            assert scans(server) == {events.scan(n) for n in range(20)}


LOSSY: Final = """
ip link set lo up || exit 77
nft add table inet loss && nft add chain inet loss in '{ type filter hook input priority 0; }' || exit 77
for end in sport dport; do
    nft add rule inet loss in tcp $end 1883 numgen random mod 100 '<' 20 counter drop || exit 77
done
"$1" -m tests.faults.lossy_road "$2" "$3" || exit 1
nft list chain inet loss in
"""
"""A fifth of all packets to and from the broker, on a loopback that only this test has.

Not of all on that loopback: paho wakes its thread by a TCP connection to itself, which it makes without a
limit of time, and no network comes between a process and itself."""

NO_NAMESPACE: Final = 77


async def loses_packets(folder: Path, number: int, *, within_s: float) -> None:
    places = os.environ.get("PATH", os.defpath) + os.pathsep + "/usr/sbin"
    for tool, package in (("nft", "nftables"), ("ip", "iproute2"), ("unshare", "util-linux")):
        if shutil.which(tool, path=places) is None:
            pytest.skip(f"no {tool}: apt-get install {package}")
    end = await ended(
        *("unshare", "--user", "--map-root-user", "--net"),
        *("sh", "-c", LOSSY, "sh", sys.executable, folder, str(number)),
        cwd=ROOT,
        env={**os.environ, "PATH": places},
        within_s=within_s,
    )
    if end.code == NO_NAMESPACE or "unshare:" in end.complaint:
        pytest.skip(f"no network namespaces with nftables here: {end.complaint.strip()}")
    assert end.code == 0, end.complaint
    assert "arrived" in end.said
    assert "counter packets 0 " not in end.said, "nothing was lost on the way"


async def test_a_network_that_loses_a_fifth_of_all_packets_costs_nothing(tmp_path: Path) -> None:
    await loses_packets(tmp_path, 40, within_s=200)


@pytest.mark.faults
@pytest.mark.timeout(900)
async def test_a_network_that_loses_a_fifth_of_all_packets_for_long(tmp_path: Path) -> None:
    await loses_packets(tmp_path, 400, within_s=800)
