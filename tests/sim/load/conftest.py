"""A server as it is installed, with the stores of a load, and a Mosquitto beside it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from shopbell_edge.core.resend import SendRules
from shopbell_sim.adapters.load_line import Broker
from shopbell_sim.core.load_crowd import Size
from shopbell_sim.load.asked import Load
from shopbell_sim.load.folder import LoadFolder
from tests.e2e.program import Program
from tests.rigs.brokers import MosquittoBroker
from tests.rigs.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CONFIG: Final = """
tenant = "acme"
[retailer]
uuid = "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"
prefix = "5bb0e111"
[database]
url = "sqlite:///{folder}/shop.db"
[keys]
file = "{folder}/keys.db"
[http]
port = {http_port}
[limits]
api_key = {{at_once = 4, per_minute = 600}}
[broker]
port = {port}
username = "server"
password_file = "{folder}/server.password"
"""
"""The key may ask so little that the load is told to wait."""

SIZE: Final = Size(stores=2, edges=3, customers=2, heard_by=2, speed=30.0)
"""Thirty times as fast: who goes is gone 6 s later."""

IMPATIENT: Final = SendRules(answer_ms=1_000, answer_most_ms=2_000, reconnect_wait_ms=200)
"""An edge waits half a minute for an answer; a test has no time for that."""


@dataclass(slots=True, kw_only=True)
class Place:
    """Where a load goes."""

    folder: Path
    http_port: int
    broker: MosquittoBroker
    server: Program

    def load(self, *, duration_s: float = 4.0, connections: int = 6) -> Load:
        return Load(
            data=self.folder / "load",
            server=f"http://127.0.0.1:{self.http_port}",
            tenant="acme",
            broker=Broker(
                host="127.0.0.1",
                port=self.broker.port,
                tls=False,
                username="edge",
                password=self.broker.users["edge"],
                ca=None,
            ),
            size=SIZE,
            duration_s=duration_s,
            connections=connections,
            seed=1,
            rules=IMPATIENT,
        )

    async def start(self) -> None:
        """Start the server, and return when it takes events in."""
        self.server = _server(self.folder)
        await self.server.says("ready")
        await self.server.logs("broker_connected")


def _server(folder: Path) -> Program:
    (folder / "server.log").unlink(missing_ok=True)
    line = ["run", "--migrate", "--config", str(folder / "server.toml")]
    line += ["--seed", str(folder / "load" / "seed.yaml")]
    return Program("server", ["shopbell_server", *line], folder)


@asynccontextmanager
async def placed(folder: Path) -> AsyncIterator[Place]:
    http_port = free_port()
    with MosquittoBroker(folder / "mosquitto") as broker:
        (folder / "server.password").write_text(broker.users["server"])
        text = CONFIG.format(folder=folder, http_port=http_port, port=broker.port)
        (folder / "server.toml").write_text(text)
        LoadFolder(path=folder / "load").write_seed(SIZE)
        place = Place(folder=folder, http_port=http_port, broker=broker, server=_server(folder))
        try:
            await place.server.says("ready")
            await place.server.logs("broker_connected")
            yield place
        finally:
            await place.server.stop()
            place.server.show()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with placed(tmp_path) as made:
        yield made
