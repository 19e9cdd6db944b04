"""Several server processes on one PostgreSQL and one broker, as on several machines."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

import httpx2
import psycopg
from psycopg.rows import dict_row

from shopbell_edge.adapters.mqtt.broker import Broker
from shopbell_server.assembly import terms_of
from shopbell_server.config.reading import read_settings
from shopbell_server.core.ids import EdgeId, Millis, TenantId
from shopbell_server.crypto import aes_block
from shopbell_server.db import key_store, migrate
from shopbell_server.db.key_store import SqlKeys
from shopbell_server.db.unit_of_work import SqlDatabase
from shopbell_server.system import SystemEntropy
from shopbell_server.usecases.intake.take import Intake, Message
from tests.bench.people import populate
from tests.bench.server import TENANT
from tests.e2e.program import Program
from tests.fakes.keys import boxes_of
from tests.rigs.postgres import as_superuser

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from tests.bench.people import Guest
    from tests.rigs.brokers import BrokerProcess
    from tests.rigs.nats_cluster import NatsCluster
    from tests.rigs.postgres import PostgresServer

CONFIG: Final = """
tenant = "acme"
[retailer]
uuid = "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"
prefix = "5bb0e111"
[database]
url = "{database}"
[keys]
url = "{keys}"
[http]
port = 0
[broker]
username = "server"
password_file = "{folder}/server.password"
{broker}
"""

COMPARED: Final[Mapping[str, str]] = {
    "observations": "SELECT * FROM observations ORDER BY edge, person, at_ms",
    "intervals": "SELECT * FROM intervals ORDER BY edge, person, first_ms",
    "streams": "SELECT edge, stream, ranges FROM streams ORDER BY edge, stream",
    "batches": "SELECT edge, stream, seq, sha256 FROM batches ORDER BY edge, stream, seq",
    "visits": "SELECT person, store, state, converted, start_ms, end_ms, gone_ms, due_ms FROM visits "
    "ORDER BY person, start_ms",
}
"""What has to be the same whoever took it in: all but random ids and the times of taking in."""


@dataclass(kw_only=True)
class Site:
    """A shop with many customers, and the processes that serve it."""

    folder: Path
    postgres: PostgresServer
    name: str
    guests: list[Guest] = field(default_factory=list)
    processes: dict[str, Program] = field(default_factory=dict)
    _made: list[str] = field(default_factory=list)

    @property
    def config(self) -> Path:
        return self.folder / "server.toml"

    def prepare(self, *, broker: str, edges: int, people: int) -> None:
        """Make the databases: the one of the processes, and one beside it as it was before.

        `broker` is the table of settings.
        """
        (self.folder / "server.password").write_text("server-secret")
        (self.folder / "edge.password").write_text("edge-secret")
        for each in self.folder.glob("*.password"):
            each.chmod(0o600)
        database, keys = self._make(""), self._make("_keys")
        self.config.write_text(
            CONFIG.format(database=database, keys=keys, folder=self.folder, broker=broker)
        )
        key_store.prepare(keys)
        migrate.upgrade(database)
        with closing(self._open(self.name)) as opened:
            now_ms = time.time_ns() // 1_000_000
            self.guests = populate(opened, edges=edges, people=people, now_ms=now_ms)
        self._make("_alone", self.name)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for each in list(self.processes):
            await self.stop(each)
        for each in self._made:
            self.postgres.drop(each)

    def _make(self, suffix: str, template: str = "template1") -> str:
        name = f"{self.name}{suffix}"
        self._made.append(name)
        return self.postgres.create(name, template=template)

    async def start(self, name: str, *roles: str) -> str:
        """Start `shopbell-server run` with these roles; return where it is reached."""
        asked = [word for role in roles for word in ("--role", role)]
        line = ["shopbell_server", "run", "--config", str(self.config), *asked]
        process = self.processes[name] = Program(name, line, self.folder)
        return await process.says("ready: ")

    def kill(self, name: str) -> None:
        """End a process as a power cut would."""
        self.processes.pop(name).kill()

    async def stop(self, name: str) -> None:
        process = self.processes.pop(name)
        try:
            assert await process.stop() == 0
        finally:
            process.show()

    def take_alone(self, batches: Mapping[str, Sequence[bytes]]) -> None:
        """Take the same batches in by one worker, one after another, into the database beside."""
        settings = read_settings(self.config)
        with closing(self._open(f"{self.name}_alone")) as database:
            intake = Intake(database, SystemEntropy(), aes_block, terms_of(settings))
            for edge, payloads in batches.items():
                for first in range(0, len(payloads), 32):
                    some = payloads[first : first + 32]
                    messages = [Message(edge=EdgeId(edge), payload=each) for each in some]
                    intake.take(messages, Millis(time.time_ns() // 1_000_000))

    def rows(self, table: str, *, alone: bool = False) -> list[dict[str, Any]]:
        """Return what there is to compare, of all processes or of the one that worked alone."""
        url = as_superuser(self.postgres.url(f"{self.name}_alone" if alone else self.name))
        with psycopg.connect(url, row_factory=dict_row) as connection:
            return connection.execute(COMPARED[table].encode()).fetchall()

    def _open(self, name: str) -> SqlDatabase:
        keys = SqlKeys(self.postgres.url(f"{self.name}_keys"), TenantId(TENANT))
        boxes = boxes_of(keys, TENANT)
        return SqlDatabase(self.postgres.url(name), TenantId(TENANT), boxes)


def cluster_table(cluster: NatsCluster) -> str:
    """Return the settings of a server for a NATS cluster."""
    first, *others = cluster.nodes
    fallbacks = ", ".join(f'"127.0.0.1:{each.port}"' for each in others)
    addresses = ", ".join(f'"127.0.0.1:{each.client_port}"' for each in cluster.nodes)
    return f"port = {first.port}\nfallbacks = [{fallbacks}]\n[broker.nats]\naddresses = [{addresses}]\n"


def access(folder: Path, edge: str, nodes: Sequence[BrokerProcess], version: str) -> Broker:
    """Return an edge's account with the broker, whose first node is the first of `nodes`."""
    first, *others = nodes
    return Broker(
        host="127.0.0.1",
        port=first.port,
        fallbacks=tuple(("127.0.0.1", each.port) for each in others),
        tenant=TENANT,
        edge=edge,
        version="5" if version == "5" else "3.1.1",
        username="edge",
        password_file=folder / "edge.password",
        first_retry_s=0.2,
        most_retry_s=2.0,
        answer_s=30.0,  # three nodes that share two cores with everything else take their time
    )


async def metric(url: str, line: str) -> float:
    """Return what a process says of itself at /metrics; 0 if it says nothing of it."""
    async with httpx2.AsyncClient(timeout=20.0) as client:
        text = (await client.get(f"{url}/metrics")).text
    return sum(float(each.rsplit(" ", 1)[1]) for each in _lines(text, line))


def _lines(text: str, begin: str) -> Iterable[str]:
    return (each for each in text.splitlines() if each.startswith(begin))
