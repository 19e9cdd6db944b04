"""A whole shop for one test: broker, server, database, edges, a CDP's webhook. Nothing of ours is faked.

The server is the real one with a clock that can be put forward; edges are unchanged `shopbell-edge run`.
Everything is on loopback, in the test's own folder, and ends with the test.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from shopbell_server import preparing
from shopbell_server.config.reading import read_settings
from shopbell_server.seed import read_seed
from tests.e2e.program import Program
from tests.rigs.brokers import MosquittoBroker
from tests.rigs.ports import free_port
from tests.rigs.waiting import until
from tests.rigs.webhook_receiver import WebhookReceiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

RETAILER: Final = "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"
PREFIX: Final = "5bb0e111"
STORE: Final = "ams01"
STAFF: Final = "sam"
PASSWORD: Final = "correct horse battery"

SEED: Final = """
stores:
  - id: {store}
    name: Kalverstraat
    zones: [{{id: entrance, name: Entrance}}, {{id: till, name: Till}}]
    edges:
      - {{id: door, zone: entrance}}
      - {{id: desk, zone: till}}
staff: [{{id: {staff}, name: Sam, stores: [{store}], language: en, password_file: {password}}}]
api_keys: [{{name: app, key_file: {key}}}]
"""

SERVER: Final = """
tenant = "acme"
rules = "demo"
[retailer]
uuid = "{retailer}"
prefix = "{prefix}"
fixed_id_key_file = "{folder}/fixed-id.key"
[database]
url = "{database}"
[keys]
file = "{folder}/keys.db"
[http]
port = {http_port}
[delivery]
pairwise_key_file = "{folder}/pairwise.key"
[[sinks]]
kind = "webhook"
name = "cdp"
url = "{webhook}"
secret_file = "{folder}/webhook.secret"
user_id = "crm"
allow_loopback = true
[broker]
{broker}
"""

EDGE: Final = """
tenant = "acme"
edge = "{edge}"
rules = "demo"
[broker]
host = "127.0.0.1"
{broker}
[retailer]
uuid = "{retailer}"
prefix = "{prefix}"
[spool]
path = "{folder}/{edge}.spool.db"
[clock]
source = "system"
[sending]
reconnect_wait_s = 0
{presence}
{radio}
[[cameras]]
scanner = "camera"
folder = "{camera}"
consume = true
"""

RADIO: Final = """
[[radios]]
kind = "bluetooth"
adapter = "{adapter}"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAccess:
    """Where the broker is, and as whom to ask it about everything."""

    port: int
    protocol: Literal["3.1.1", "5"]
    username: str
    password: str


@dataclass(slots=True, kw_only=True)
class Shop:
    """A running shop. `folder` holds all of its files: settings, spools, logs, SQLite's database."""

    folder: Path
    database: str
    receiver: WebhookReceiver
    api_key: str
    server: Program
    url: str = ""
    sign_in: str = ""
    broker: BrokerAccess
    mosquitto: MosquittoBroker | None
    edges: dict[str, Program] = field(default_factory=dict)
    programs: list[Program] = field(default_factory=list)
    _ahead_ms: int = 0

    async def start_server(self) -> None:
        """Start the server; it may have been stopped before."""
        self.server = _serve(self.folder)
        self.programs.append(self.server)
        self.url, self.sign_in = (await self.server.says("ready ")).split()

    async def stop_server(self) -> int:
        """Stop the server, and the embedded broker with it; return its exit code."""
        return await self.server.stop()

    async def forward(self, seconds: float) -> None:
        """Put the server's clock forward. Less than five minutes in all: signatures grow old."""
        self._ahead_ms += round(seconds * 1000)
        self.server.tell(str(self._ahead_ms))
        await self.server.says(f"ahead {self._ahead_ms}")

    def camera(self, edge: str) -> Path:
        """Return the folder in which an edge's camera looks for pictures."""
        return self.folder / f"{edge}-camera"

    async def start_edge(
        self, edge: str, adapter: str | None = None, *, presence: str = ""
    ) -> None:
        """Start an edge that hears through an adapter of the system bus, and sees its camera.

        `presence` is a part of its configuration.
        """
        config = self.folder / f"{edge}.toml"
        broker = f'port = {self.broker.port}\nprotocol = "{self.broker.protocol}"\n'
        broker += f'username = "edge"\npassword_file = "{self.folder}/edge.password"'
        self.camera(edge).mkdir()
        config.write_text(
            EDGE.format(
                edge=edge,
                folder=self.folder,
                broker=broker,
                retailer=RETAILER,
                prefix=PREFIX,
                presence=presence,
                radio="" if adapter is None else RADIO.format(adapter=adapter),
                camera=self.camera(edge),
            )
        )
        program = Program(edge, ["shopbell_edge", "run", "--config", str(config)], self.folder)
        self.programs.append(program)
        self.edges[edge] = program
        await program.logs("edge_started")

    async def stop_edge(self, edge: str) -> None:
        """Stop an edge in good order."""
        assert await self.edges.pop(edge).stop() == 0

    def told(self, kind: str, crm: str | None = None) -> list[dict[str, Any]]:
        """Return the events of a type that the webhook got (of one customer), in order."""
        events = [each.event for each in list(self.receiver.received)]
        return [
            event
            for event in events
            if event["type"] == kind and crm in {None, event["data"]["customer"]["id"]}
        ]

    async def hears(self, kind: str, crm: str | None = None) -> dict[str, Any]:
        """Wait until the webhook got an event of this type (of one customer); return the first."""
        await until(f"{kind} at the webhook", lambda: bool(self.told(kind, crm)))
        return self.told(kind, crm)[0]


@asynccontextmanager
async def open_shop(
    folder: Path, database: str, *, broker: Literal["embedded", "mosquitto"] = "embedded"
) -> AsyncIterator[Shop]:
    """Run a shop without edges. `database` is the address of one without rows, or without tables."""
    (folder / "staff.password").write_text(PASSWORD)
    (folder / "edge.password").write_text(secrets.token_urlsafe(12))
    (folder / "pairwise.key").write_text(secrets.token_hex(32))
    (folder / "fixed-id.key").write_text(secrets.token_hex(32))
    key = f"sbk_{secrets.token_urlsafe(24)}"
    (folder / "app.key").write_text(key)
    async with AsyncExitStack() as stack:
        receiver = stack.enter_context(WebhookReceiver())
        (folder / "webhook.secret").write_text(receiver.secret)
        mosquitto = None
        if broker == "mosquitto":
            users = {name: secrets.token_urlsafe(12) for name in ("server", "watcher")}
            users["edge"] = (folder / "edge.password").read_text()
            (folder / "server.password").write_text(users["server"])
            mosquitto = stack.enter_context(MosquittoBroker(folder / "mosquitto", users=users))
            access = BrokerAccess(
                port=mosquitto.port, protocol="5", username="watcher", password=users["watcher"]
            )
        else:
            access = BrokerAccess(
                port=free_port(), protocol="3.1.1", username="server", password=""
            )
        config = _server_config(folder, database, receiver, access)
        await asyncio.to_thread(_prepare, folder, config)
        shop = Shop(
            folder=folder,
            database=database,
            receiver=receiver,
            api_key=key,
            server=_serve(folder),
            broker=access,
            mosquitto=mosquitto,
        )
        shop.programs.append(shop.server)
        stack.push_async_callback(_close, shop)
        shop.url, shop.sign_in = (await shop.server.says("ready ")).split()
        yield shop


def watcher(shop: Shop) -> BrokerAccess:
    """Return who may read everything that the broker carries."""
    if shop.mosquitto is not None:
        return shop.broker
    config = json.loads((shop.folder / "broker" / "broker.conf").read_text())
    server = config["authorization"]["users"][0]
    return BrokerAccess(
        port=shop.broker.port,
        protocol="3.1.1",
        username=server["user"],
        password=server["password"],
    )


def _serve(folder: Path) -> Program:
    config = folder / "server.toml"
    return Program("server", ["tests.e2e.serving", str(config), STAFF], folder)


def _prepare(folder: Path, config: Path) -> None:
    """Do what `shopbell-server migrate` and `seed` do."""
    seed = folder / "seed.yaml"
    seed.write_text(
        SEED.format(
            store=STORE,
            staff=STAFF,
            password=folder / "staff.password",
            key=folder / "app.key",
        )
    )
    settings = read_settings(config)
    preparing.upgrade(settings)
    preparing.plant(settings, read_seed(seed))


def _server_config(
    folder: Path, database: str, receiver: WebhookReceiver, access: BrokerAccess
) -> Path:
    if access.protocol == "5":
        broker = (
            f'protocol = "5"\nusername = "server"\npassword_file = "{folder}/server.password"\n'
        )
    else:
        broker = ""
    broker += f"port = {access.port}\n"
    if access.protocol != "5":
        broker += f'[broker.embedded]\ndata_dir = "{folder}/broker"\n'
        broker += f'edge_password_file = "{folder}/edge.password"\n'
    config = folder / "server.toml"
    config.write_text(
        SERVER.format(
            retailer=RETAILER,
            prefix=PREFIX,
            database=database,
            http_port=free_port(),
            folder=folder,
            webhook=receiver.url,
            broker=broker,
        )
    )
    return config


async def _close(shop: Shop) -> None:
    """Stop what runs, and print the ends of the logs, which pytest shows if the test failed."""
    codes = {}
    for program in reversed(shop.programs):
        codes[program.name] = await program.stop()
        program.show()
    assert set(codes.values()) <= {0}, f"not all ended in good order: {codes}"
