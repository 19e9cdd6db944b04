"""A shop whose every part may be killed: two edges, a server, an outside broker, a database.

All programs are the unchanged ones; only their patience is shortened, by their settings.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from shopbell_server import bootstrap, preparing
from shopbell_server.config.reading import read_settings
from shopbell_server.core.ids import Millis
from shopbell_server.db.engine import open_engine
from shopbell_server.db.tables import DELIVERIES, VISITS, WAITING
from shopbell_server.seed import read_seed
from tests.faults import crowd, spool_record
from tests.faults.daemon import Daemon
from tests.faults.plan import EVENTS
from tests.rigs.ports import free_port
from tests.rigs.postgres import as_superuser
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence

    from shopbell_server.bootstrap import Ready
    from shopbell_server.config.settings import Settings
    from tests.faults.crowd import Customer
    from tests.faults.plan import Strike
    from tests.rigs.brokers import BrokerProcess
    from tests.rigs.postgres import PostgresServer

TENANT: Final = "acme"
STORE: Final = "ams01"
RETAILER: Final = "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"
PREFIX: Final = "5bb0e111"

CUSTOMERS: Final = 200
"""With two edges that is about three hundred events a second: two thousand in seven seconds."""

FLOW_S: Final = 120.0
"""A flow of EVENTS takes ten seconds; beside others, and with everything killed, it may take longer."""

DRAIN_S: Final = 60.0
"""Everything is back: reconnections take up to 30 s where paho doubled its patience."""

AHEAD_MS: Final = 300_000
"""All visits have ended by then: the rules of the demo hold a pass present for 135 s."""

SEED: Final = """
stores:
  - id: {store}
    name: Kalverstraat
    zones: [{{id: entrance, name: Entrance}}, {{id: till, name: Till}}]
    edges:
      - {{id: door, zone: entrance}}
      - {{id: desk, zone: till}}
"""

SERVER: Final = """
tenant = "{tenant}"
rules = "demo"
[retailer]
uuid = "{retailer}"
prefix = "{prefix}"
[database]
url = "{database}"
[keys]
file = "{folder}/keys.db"
[http]
port = {http_port}
[broker]
port = {broker_port}
username = "server"
password_file = "{folder}/server.password"
[delivery]
pairwise_key_file = "{folder}/pairwise.key"
schedule_s = [0, 0.5, 1, 1, 1, 1, 1]
[[sinks]]
kind = "file"
name = "all"
path = "{folder}/events.ndjson"
user_id = "crm"
"""

EDGE: Final = """
tenant = "{tenant}"
edge = "{edge}"
rules = "demo"
[broker]
host = "127.0.0.1"
port = {broker_port}
protocol = "{protocol}"
username = "edge"
password_file = "{folder}/edge.password"
[retailer]
uuid = "{retailer}"
prefix = "{prefix}"
[spool]
path = "{folder}/{edge}.spool.db"
[clock]
source = "system"
[presence]
# Twenty times shorter, by the rules: one second, two seconds, and a report with every tick.
inactive_s = 20
leave_s = 40
report_moving_s = 4
report_steady_s = 4
[sending]
answer_s = 1
answer_most_s = 4
reconnect_wait_s = 0.5
backlog_events_per_s = 2000
[[radios]]
kind = "socket"
scanner = "air"
path = "{folder}/{edge}.air"
"""

CAMERA: Final = """
[[cameras]]
scanner = "{name}"
folder = "{folder}/{name}"
consume = true
"""

EDGES: Final = {"door": (), "desk": ("left-camera", "right-camera")}
"""Edges and their cameras."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """An edge and where its things are."""

    name: str
    daemon: Daemon
    folder: Path

    @property
    def spool(self) -> Path:
        return self.folder / f"{self.name}.spool.db"

    @property
    def air(self) -> Path:
        return self.folder / f"{self.name}.air"

    @property
    def cameras(self) -> list[Path]:
        return [self.folder / name for name in EDGES[self.name]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """All parts of it. `postgres` is None where the database is SQLite, which dies with the server."""

    folder: Path
    settings: Settings
    customers: Sequence[Customer]
    server: Daemon
    edges: Sequence[Edge]
    broker: BrokerProcess
    postgres: PostgresServer | None

    @property
    def daemons(self) -> list[Daemon]:
        return [self.server, *(edge.daemon for edge in self.edges)]

    @property
    def url(self) -> str:
        """Where the server answers."""
        return f"http://127.0.0.1:{self.settings.http.port}"

    def accepted(self) -> int:
        """Return how many events all edges ever accepted."""
        return sum(spool_record.accepted(edge.spool) for edge in self.edges)

    async def suffer(
        self,
        strikes: Sequence[Strike],
        seed: int,
        events: int = EVENTS,
        meanwhile: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Let things happen until `events` were accepted, every strike has struck, `meanwhile` is over."""
        airs = [edge.air for edge in self.edges]
        cameras = [camera for edge in self.edges for camera in edge.cameras]
        async with crowd.flow(self.customers, RETAILER, airs, cameras, seed):
            for each in strikes:
                await self.until_accepted(each.after)
                await self.strike(each)
            if meanwhile is not None:
                await meanwhile()
            await self.until_accepted(events)

    async def until_accepted(self, events: int) -> None:
        await until(
            f"{events} events",
            lambda: self._tended() and self.accepted() >= events,
            within_s=FLOW_S,
        )

    async def strike(self, each: Strike) -> None:
        """Kill, wait, and start again, without waiting for anything to work."""
        print(f"strike {sorted(each.what)} {each.edge} for {each.away_s:.2f} s")  # noqa: T201  for pytest
        daemons = [self.server] if "server" in each.what else []
        if "edge" in each.what:
            daemons += [edge.daemon for edge in self.edges if edge.name == each.edge]
        postgres = self.postgres if "database" in each.what else None
        broker = self.broker if "broker" in each.what else None
        if broker is not None:
            broker.kill()
        if postgres is not None:
            await asyncio.to_thread(postgres.kill)
        for daemon in daemons:
            daemon.kill()
        await asyncio.sleep(each.away_s)
        if postgres is not None:
            await asyncio.to_thread(postgres.start)
        if broker is not None:
            await asyncio.to_thread(broker.start)
        for daemon in daemons:
            daemon.start()

    async def drain(self) -> None:
        """Wait until everybody has left and the server has it all; stop the edges in good order."""
        for daemon in self.daemons:
            if daemon.wanted:
                await daemon.works()
        for edge in self.edges:
            quiet = partial(spool_record.is_quiet, edge.spool)
            await until(f"{edge.name} is quiet", quiet, within_s=DRAIN_S)
        await asyncio.gather(*(edge.daemon.stop() for edge in self.edges))

    async def finish(self) -> None:
        """Let minutes pass, so that every visit ends, and every event about it be delivered."""
        await self.server.stop()
        started: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(
            bootstrap.serve(self.settings, started.set_result, clock=_Ahead(), signals=())
        )
        try:
            ready = await started
            await until("everything is told", self._is_over, within_s=DRAIN_S)
            ready.stop()
        finally:
            await serving

    async def _is_over(self) -> bool:
        return await asyncio.to_thread(self._all_told)

    def _all_told(self) -> bool:
        """Return whether no visit is open and nothing waits, both at one moment.

        Asked one after the other, a visit could end in between: its end would wait, and nobody see it.
        """
        waiting = select(func.count()).select_from(DELIVERIES).where(WAITING).scalar_subquery()
        open_ = select(func.count()).select_from(VISITS).where(VISITS.c.state == "open")
        with (
            closing(_Engine(self.settings.database.url)) as engine,
            engine.engine.connect() as connection,
        ):
            return connection.scalar(select(waiting + open_.scalar_subquery())) == 0

    def _tended(self) -> bool:
        """Start again what ended by itself, as a supervisor would; the end is noted."""
        for daemon in self.daemons:
            before = len(daemon.ends)
            if not daemon.alive and len(daemon.ends) > before:
                daemon.start()
        return True


class _Ahead:
    """The machine's clock, AHEAD_MS later."""

    def now_ms(self) -> Millis:
        return Millis(time.time_ns() // 1_000_000 + AHEAD_MS)


class _Engine:
    def __init__(self, url: str) -> None:
        self.engine = open_engine(as_superuser(url))

    def close(self) -> None:
        self.engine.dispose()


@asynccontextmanager
async def open_shop(
    folder: Path,
    broker: BrokerProcess,
    database: str,
    *,
    postgres: PostgresServer | None = None,
    customers: int = CUSTOMERS,
    edges: Collection[str] = tuple(EDGES),
    serve: bool = True,
) -> AsyncIterator[Shop]:
    """Run a shop, all of which works when this is entered. `broker` runs; `database` is empty.

    Both edges are registered, whichever of them run. Without `serve` the server is the caller's to start.
    """
    config = _configure(folder, broker, database)
    settings = read_settings(config)
    people = await asyncio.to_thread(_populate, folder, settings, customers)
    programs = Path(sys.executable).parent
    server = Daemon(
        "server", [programs / "shopbell-server", "run", "--config", config], folder, "ready: "
    )
    shop = Shop(
        folder=folder,
        settings=settings,
        customers=people,
        server=server,
        edges=[_edge(folder, name, broker, programs) for name in edges],
        broker=broker,
        postgres=postgres,
    )
    async with AsyncExitStack() as stack:
        for daemon in shop.daemons:
            stack.callback(daemon.show)
            stack.callback(daemon.kill)
            if serve or daemon is not server:
                daemon.start()
        for daemon in shop.daemons:
            if daemon.wanted:
                await daemon.works()
        yield shop


def _configure(folder: Path, broker: BrokerProcess, database: str) -> Path:
    (folder / "edge.password").write_text(broker.users["edge"])
    (folder / "server.password").write_text(broker.users["server"])
    (folder / "pairwise.key").write_text("5a" * 32)
    (folder / "seed.yaml").write_text(SEED.format(store=STORE))
    config = folder / "server.toml"
    config.write_text(
        SERVER.format(
            tenant=TENANT,
            retailer=RETAILER,
            prefix=PREFIX,
            database=database,
            http_port=free_port(),
            broker_port=broker.port,
            folder=folder,
        )
    )
    return config


def _populate(folder: Path, settings: Settings, customers: int) -> list[Customer]:
    preparing.upgrade(settings)
    preparing.plant(settings, read_seed(folder / "seed.yaml"))
    return crowd.enrol_many(settings, customers)


def _edge(folder: Path, name: str, broker: BrokerProcess, programs: Path) -> Edge:
    config = folder / f"{name}.toml"
    config.write_text(
        EDGE.format(
            tenant=TENANT,
            edge=name,
            broker_port=broker.port,
            protocol=broker.versions[-1],
            folder=folder,
            retailer=RETAILER,
            prefix=PREFIX,
        )
        + "".join(CAMERA.format(name=camera, folder=folder) for camera in EDGES[name])
    )
    daemon = Daemon(
        name, [programs / "shopbell-edge", "run", "--config", config], folder, "edge_started"
    )
    edge = Edge(name=name, daemon=daemon, folder=folder)
    for camera in edge.cameras:
        camera.mkdir()
    spool_record.prepare(edge.spool)
    return edge
