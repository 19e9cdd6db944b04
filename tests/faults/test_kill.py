"""Everything is killed with `kill -9` while events flow, and nothing is lost or counts twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.faults.checker import check
from tests.faults.plan import EVENTS, plan, seeds
from tests.faults.shop import open_shop

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.faults.plan import What
    from tests.rigs.brokers import BrokerProcess, MosquittoBroker, NatsBroker
    from tests.rigs.postgres import PostgresServer

pytestmark = pytest.mark.timeout(300)

MANY: Final = 10
"""Seeds of `make faults`."""

MOST_STARTS: Final = 5
"""In vain, while PostgreSQL is away for a second or two: each takes as long as importing everything."""

ONE_STORE: Final[Sequence[What]] = ("edge", "server", "broker")
BEYOND: Final[Sequence[What]] = ("edge", "server", "broker", "database")


async def survives(
    folder: Path,
    broker: BrokerProcess,
    database: str,
    kinds: Sequence[What],
    seed: int,
    postgres: PostgresServer | None = None,
) -> None:
    async with open_shop(folder, broker, database, postgres=postgres) as shop:
        await shop.suffer(plan(seed, kinds, [edge.name for edge in shop.edges]), seed)
        await shop.drain()
        await shop.finish()
        figures = check(shop)
        print(f"seed {seed}: {figures}")  # noqa: T201  for a person to read
        assert figures.accepted >= EVENTS
        assert [edge.daemon.ends for edge in shop.edges] == [[], []]
        # It may be started while PostgreSQL is away: then it ends with a word about it, and no more.
        lines = [line for line in shop.server.log.splitlines() if not line.startswith("{")]
        away = [line for line in lines if "PostgreSQL does not answer" in line]
        assert shop.server.ends == [1] * len(away)
        assert len(away) <= MOST_STARTS


async def test_sqlite_and_a_broker_of_3_1_1(tmp_path: Path, nats: NatsBroker) -> None:
    await survives(tmp_path, nats, f"sqlite:///{tmp_path}/shop.db", ONE_STORE, seed=1)


async def test_postgresql_and_a_broker_of_5(
    tmp_path: Path, mosquitto: MosquittoBroker, empty_postgres_url: str, postgres: PostgresServer
) -> None:
    await survives(tmp_path, mosquitto, empty_postgres_url, BEYOND, seed=1, postgres=postgres)


@pytest.mark.faults
@pytest.mark.parametrize("seed", seeds(MANY))
async def test_sqlite_and_a_broker_of_3_1_1_by_many_seeds(
    tmp_path: Path, nats: NatsBroker, seed: int
) -> None:
    await survives(tmp_path, nats, f"sqlite:///{tmp_path}/shop.db", ONE_STORE, seed)


@pytest.mark.faults
@pytest.mark.parametrize("seed", seeds(MANY))
async def test_postgresql_and_a_broker_of_5_by_many_seeds(
    tmp_path: Path,
    mosquitto: MosquittoBroker,
    empty_postgres_url: str,
    postgres: PostgresServer,
    seed: int,
) -> None:
    await survives(tmp_path, mosquitto, empty_postgres_url, BEYOND, seed, postgres)
