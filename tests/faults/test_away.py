"""What is away for a while is waited for: the broker, its answers, PostgreSQL."""

from __future__ import annotations

import os
import signal
from collections import Counter
from typing import TYPE_CHECKING, Final

import httpx2
import pytest

from tests.faults.checker import check
from tests.faults.plan import EVENTS, Strike
from tests.faults.shop import open_shop
from tests.rigs.brokers import MosquittoBroker
from tests.rigs.listener import Listener
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rigs.brokers import NatsBroker
    from tests.rigs.postgres import PostgresServer

pytestmark = pytest.mark.timeout(300)

SHORT_S: Final = 5.0
"""A minute, at the resend times of these tests: thirty times shorter than the edges' own."""

MINUTE_S: Final = 60.0

ALL: Final = "user server\ntopic readwrite #\nuser edge\ntopic readwrite shopbell/#\n"
NO_ANSWERS: Final = "user server\ntopic readwrite #\nuser edge\ntopic write shopbell/#\n"


@pytest.mark.parametrize(
    "away_s", [SHORT_S, pytest.param(MINUTE_S, marks=pytest.mark.faults)], ids=["short", "a minute"]
)
async def test_a_broker_that_is_gone_for_a_minute_costs_nothing(
    tmp_path: Path, nats: NatsBroker, away_s: float
) -> None:
    async with open_shop(tmp_path, nats, f"sqlite:///{tmp_path}/shop.db") as shop:
        strike = Strike(after=EVENTS // 8, what=frozenset({"broker"}), edge="door", away_s=away_s)
        await shop.suffer([strike], seed=1, events=EVENTS // 2)
        await shop.drain()
        await shop.finish()
        print(check(shop))  # noqa: T201  for a person to read
        for daemon in shop.daemons:
            assert (daemon.lives, daemon.ends) == (1, [])


async def test_what_was_not_answered_is_sent_again_without_effect(tmp_path: Path) -> None:
    users = {"edge": "edge-secret", "server": "server-secret"}
    with MosquittoBroker(tmp_path / "mosquitto", users=users, acl=ALL) as broker:
        async with open_shop(tmp_path, broker, f"sqlite:///{tmp_path}/shop.db") as shop:
            rights = broker.folder / "acl"
            async with Listener(broker, "shopbell/v1/acme/+/up/live") as listener:

                def repeated() -> int:
                    sends = Counter(payload for _, payload, _ in listener.heard)
                    return sum(1 for count in sends.values() if count > 1)

                async def deafly() -> None:
                    await shop.until_accepted(EVENTS // 8)
                    rights.write_text(NO_ANSWERS)
                    os.kill(broker.pid, signal.SIGHUP)
                    await until("batches are sent again", lambda: repeated() >= 10, within_s=60)
                    rights.write_text(ALL)
                    os.kill(broker.pid, signal.SIGHUP)

                await shop.suffer([], seed=1, events=EVENTS // 2, meanwhile=deafly)
                await shop.drain()
            metrics = httpx2.get(f"{shop.url}/metrics", trust_env=False).text
            (line,) = (
                line
                for line in metrics.splitlines()
                if line.startswith('shopbell_batches_total{result="repeated"}')
            )
            assert float(line.split()[-1]) >= 10
            await shop.finish()
            print(check(shop))  # noqa: T201  for a person to read


async def test_a_server_waits_for_its_database_and_says_so(
    tmp_path: Path, nats: NatsBroker, postgres: PostgresServer, empty_postgres_url: str
) -> None:
    def status(path: str) -> int:
        return httpx2.get(f"{shop.url}{path}", trust_env=False, timeout=20).status_code

    async with open_shop(tmp_path, nats, empty_postgres_url, postgres=postgres) as shop:

        async def without_database() -> None:
            await shop.until_accepted(EVENTS // 8)
            postgres.kill()
            try:
                await shop.until_accepted(EVENTS // 4)
                await until("the server says so", lambda: "database_lost" in shop.server.log)
                assert status("/readyz") == 503
                assert status("/healthz") == 200
            finally:
                postgres.start()
            await until("the server is ready again", lambda: status("/readyz") == 200)

        await shop.suffer([], seed=1, events=EVENTS // 2, meanwhile=without_database)
        await shop.drain()
        assert (shop.server.lives, shop.server.ends) == (1, [])
        assert "Traceback" not in shop.server.log
        # One that starts while it is away ends with a word about it, and works at a later start.
        await shop.server.stop()
        postgres.kill()
        try:
            shop.server.start()
            await until("it ends by itself", lambda: not shop.server.alive)
        finally:
            postgres.start()
        assert shop.server.ends == [1]
        assert "PostgreSQL does not answer" in shop.server.log.splitlines()[-1]
        shop.server.start()
        await shop.server.works()
        await shop.finish()
        print(check(shop))  # noqa: T201  for a person to read
