"""The machine fails: its disk is full, its clock is set back, the embedded broker is killed."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from shopbell_server import bootstrap
from shopbell_server.core.ids import Millis
from tests.faults.checker import check
from tests.faults.daemon import Daemon
from tests.faults.hand import HandEdge
from tests.faults.plan import EVENTS
from tests.faults.shop import open_shop
from tests.faults.small_disk import fill, needs_namespaces
from tests.rigs.ports import free_port
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shopbell_server.bootstrap import Ready
    from tests.faults.shop import Shop
    from tests.rigs.brokers import NatsBroker

pytestmark = pytest.mark.timeout(300)

SMALL_DISK: Final = """
mount -t tmpfs -o size=16m tmpfs "$1" || exit 77
cp "$2" "$1/shop.db"
exec "$3" run --config "$4"
"""


class SetClock:
    """The machine's clock after somebody set it by `by_ms`."""

    def __init__(self) -> None:
        self.by_ms = 0

    def now_ms(self) -> Millis:
        return Millis(time.time_ns() // 1_000_000 + self.by_ms)


@asynccontextmanager
async def served(shop: Shop, clock: SetClock) -> AsyncIterator[None]:
    """Let this process be the server, by another clock."""
    started: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        bootstrap.serve(shop.settings, started.set_result, clock=clock, signals=())
    )
    ready = await started
    try:
        yield
    finally:
        ready.stop()
        await serving


@pytest.mark.skipif(
    shutil.which("unshare") is None, reason="no unshare: apt-get install util-linux"
)
async def test_a_server_whose_disk_is_full_answers_nothing_and_goes_on_when_there_is_room(
    tmp_path: Path, nats: NatsBroker
) -> None:
    database = f"sqlite:///{tmp_path}/shop.db"
    async with open_shop(tmp_path, nats, database, customers=1, edges=(), serve=False):
        disk = tmp_path / "disk"
        disk.mkdir()
        config = tmp_path / "small.toml"
        config.write_text(
            (tmp_path / "server.toml").read_text().replace(database, f"sqlite:///{disk}/shop.db")
        )
        program = Path(sys.executable).parent / "shopbell-server"
        server = Daemon(
            "small",
            [
                *("unshare", "--user", "--map-root-user", "--mount"),
                *("sh", "-c", SMALL_DISK, "sh", disk, tmp_path / "shop.db", program, config),
            ],
            tmp_path,
            "ready: ",
        )
        try:
            server.start()
            await until(
                "it works", lambda: not server.alive or "ready: " in server.log, within_s=40
            )
            needs_namespaces(server)
            # It serves boards before it has its broker, and what is said before that is nobody's.
            await until("it listens", lambda: "broker_connected" in server.log)
            seen = Path(f"/proc/{server.pid}/root{disk}")
            async with HandEdge(nats, "door") as edge:
                edge.say(edge.batch(1))
                await edge.is_told(committed=1)
                fill(seen / "others")
                edge.say(edge.batch(2))
                await until("it says so", lambda: "database_lost" in server.log)
                assert "SQLITE_FULL" in server.log
                assert edge.committed() == [1]
                (seen / "others").unlink()
                await edge.is_told(committed=2)
                edge.say(edge.batch(3))
                await edge.is_told(committed=3)
                assert edge.committed() == [1, 2, 3]
            assert server.alive
            assert "Traceback" not in server.log
            await server.stop()
        finally:
            server.show()
            server.kill()


async def test_a_clock_that_is_set_back_by_minutes_costs_nothing(
    tmp_path: Path, nats: NatsBroker
) -> None:
    async with open_shop(tmp_path, nats, f"sqlite:///{tmp_path}/shop.db", serve=False) as shop:
        clock = SetClock()
        async with served(shop, clock):

            async def set_back() -> None:
                await shop.until_accepted(EVENTS // 8)
                await until("somebody is told", lambda: bool(told(shop)))
                clock.by_ms = -240_000
                before = len(told(shop))
                await until("somebody is told after it", lambda: len(told(shop)) > before)

            await shop.suffer([], seed=1, events=EVENTS // 4, meanwhile=set_back)
            await shop.drain()
        await shop.finish()
        print(check(shop))  # noqa: T201  for a person to read


async def test_a_server_whose_own_broker_is_killed_ends_so_that_it_is_started_again(
    tmp_path: Path, nats: NatsBroker
) -> None:
    database = f"sqlite:///{tmp_path}/shop.db"
    async with open_shop(tmp_path, nats, database, customers=1, edges=(), serve=False) as shop:
        config = tmp_path / "server.toml"
        text = config.read_text().replace(
            f'port = {nats.port}\nusername = "server"\npassword_file = "{tmp_path}/server.password"',
            f"port = {free_port()}",
        )
        embedded = f'[broker.embedded]\ndata_dir = "{tmp_path}/broker"\n'
        embedded += f'edge_password_file = "{tmp_path}/edge.password"\n'
        config.write_text(text + embedded)
        shop.server.start()
        await shop.server.works()
        os.kill(child_of(shop.server.pid), signal.SIGKILL)
        await until("the server ends", lambda: not shop.server.alive)
        assert shop.server.ends == [1]
        assert "the embedded broker ended" in shop.server.log.splitlines()[-1]
        shop.server.start()
        await shop.server.works()
        await shop.server.stop()


async def test_a_clock_that_is_hours_wrong_refuses_by_name_and_is_right_again(
    tmp_path: Path, nats: NatsBroker
) -> None:
    database = f"sqlite:///{tmp_path}/shop.db"
    async with open_shop(tmp_path, nats, database, customers=1, edges=(), serve=False) as shop:
        clock = SetClock()
        token = next(iter(shop.customers[0].tokens.values()))
        async with served(shop, clock), HandEdge(nats, "door") as edge:
            clock.by_ms = -3_600_000
            edge.say(edge.batch(1, edge.presence(token)))
            await edge.is_told(refused=1)
            assert edge.refused() == [(1, 0, "implausible_time")]
            clock.by_ms = 0
            edge.say(edge.batch(2, edge.presence(token)))
            await edge.is_told(committed=1)
            assert edge.committed() == [2]


def child_of(pid: int) -> int:
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


def told(shop: Shop) -> list[object]:
    path = shop.folder / "events.ndjson"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
