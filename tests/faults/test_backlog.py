"""A week without a server: all of it drains, and what is live does not wait for it.

Nothing is said of seconds: batches are numbered as they are sealed, and between what is live and all that was
sealed before it there are few numbers.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest
from msgspec.structs import replace

from shopbell_edge.adapters.clock import system_clock
from shopbell_edge.core.resend import SendRules
from shopbell_wire import codec
from shopbell_wire.messages import Presence, Scan
from tests.edge import events
from tests.rigs.committing_server import CommittingServer
from tests.rigs.road import Journey, edge, emptied
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from shopbell_edge.adapters.spool.sqlite import SqliteSpool
    from tests.rigs.brokers import MosquittoBroker

pytestmark = pytest.mark.timeout(1_800)

SOME, A_WEEK = 6_000, 210_000
"""Events: in every run, and in `make faults` 30 000 of each of seven days."""

QUICK: Final = SendRules(answer_ms=5_000, backlog_events_per_s=2_000, reconnect_wait_ms=50)
"""Ten times the pace: a week takes two minutes."""

FEW: Final = 6
"""Batches of the backlog that may go between: one that is being sealed, the one in five whose turn it is, and
those of the moment between looking and appending."""


class Arrived:
    """What the server has, each batch read once."""

    def __init__(self, server: CommittingServer) -> None:
        self.seq_of: dict[int, int] = {}
        """Scans, and the batches that brought them."""
        self.presences: set[int] = set()
        self.reports = 0
        self._server = server
        self._read = 0

    def last_seq(self) -> int:
        return max((seq for _, seq in self._server.taken), default=0)

    def has(self, number: int) -> bool:
        """Return whether the scan `number` has come."""
        payloads = list(self._server.taken.values())[self._read :]
        self._read += len(payloads)
        for payload in payloads:
            batch = codec.decode_batch(payload)
            for _, event in batch.events:
                if isinstance(event, Scan):
                    self.seq_of[event.at_ms - events.scan(0).at_ms] = batch.seq
                elif isinstance(event, Presence):
                    self.presences.add(event.n)
                    self.reports += 1
        return number in self.seq_of


async def waited(spool: SqliteSpool, number: int) -> None:
    """Fill the spool with what was heard a week ago."""
    now = system_clock("system", err_ms=10).now()
    ago_ms = 7 * 86_400_000
    then = replace(now, wall_ms=now.wall_ms - ago_ms, boottime_ms=max(0, now.boottime_ms - 60_000))
    for start in range(0, number, 1_000):
        await spool.append([events.presence(n) for n in range(start, start + 1_000)], then)


async def drains(folder: Path, broker: MosquittoBroker, number: int) -> None:
    clock = system_clock("system", err_ms=10)
    broker.stop()
    async with edge(broker, folder, Journey(rules=QUICK)) as spool:
        await waited(spool, number)
        await asyncio.to_thread(broker.start)
        async with CommittingServer(broker, tenant="acme", edge="edge-1") as server:
            await until("the backlog flows", lambda: "backlog" in server.lanes)
            arrived, live, between = Arrived(server), 0, []
            while (await spool.depth()).unsealed:
                sealed = [one.seq for one in await spool.unacknowledged()]
                before = max([*sealed, arrived.last_seq()])
                await spool.append([events.scan(live)], clock.now())
                await until("it comes", lambda: arrived.has(live))  # noqa: B023  # called at once
                between.append(arrived.seq_of[live] - before - 1)
                live += 1
            await emptied(spool)
            arrived.has(live)
        assert live > 5, "the backlog was over before anything live came: it proves nothing"
        assert max(between) <= FEW, f"batches before each live one: {between}"
        assert (len(arrived.presences), arrived.reports) == (number, number)
        assert sorted(arrived.seq_of) == list(range(live))
        assert server.conflicts == 0


async def test_a_backlog_drains_and_what_is_live_does_not_wait_for_it(
    tmp_path: Path, mosquitto: MosquittoBroker
) -> None:
    await drains(tmp_path, mosquitto, SOME)


@pytest.mark.faults
async def test_a_week_drains_and_what_is_live_does_not_wait_for_it(
    tmp_path: Path, mosquitto: MosquittoBroker
) -> None:
    await drains(tmp_path, mosquitto, A_WEEK)
