"""What a load of many stores runs against: a database, a broker, the server as it is installed, people.

Each is a process of its own, so that processor time and memory are told apart.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from shopbell_server.config.reading import read_settings
from shopbell_sim.load.folder import LoadFolder
from tests.bench.air import RETAILER
from tests.bench.capacity_people import populate
from tests.bench.machine import child
from tests.rigs.brokers import MosquittoBroker
from tests.rigs.fake_bluez.bus import running
from tests.rigs.ports import free_port
from tests.rigs.postgres import PostgresServer, as_superuser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_sim.core.load_crowd import Size

TENANT: Final = "acme"

Kind = Literal["SQLite, embedded broker", "PostgreSQL, Mosquitto"]

CONFIG: Final = """
tenant = "acme"
[retailer]
uuid = "{uuid}"
prefix = "{prefix}"
[database]
url = "{url}"
[keys]
file = "{folder}/keys.db"
[http]
port = {http_port}
[broker]
port = {port}
"""

EMBEDDED: Final = """
[broker.embedded]
data_dir = "{folder}/broker"
edge_password_file = "{folder}/edge.password"
"""

BESIDE: Final = """
protocol = "5"
username = "server"
password_file = "{folder}/server.password"
"""

START_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What runs, by process id; `database` is None where it is in the server's process."""

    folder: Path
    url: str
    people: int
    http_port: int
    broker_port: int
    password_file: Path
    server: int
    broker: int
    database: int | None


@contextmanager
def placed(
    folder: Path, kind: Kind, size: Size, people: int, settings: str = ""
) -> Iterator[Place]:
    """Run it all, with `people` in each store who consented a day ago; the folder `load` knows them."""
    with ExitStack() as stack:
        http_port = free_port()
        values = {"folder": folder, "http_port": http_port}
        values |= {"uuid": RETAILER.uuid, "prefix": RETAILER.prefix}
        database = broker = None
        if kind == "PostgreSQL, Mosquitto":
            postgres = stack.enter_context(PostgresServer(durable=True))
            database = int((postgres.data / "postmaster.pid").read_text().split()[0])
            mosquitto = stack.enter_context(MosquittoBroker(folder / "mosquitto"))
            broker, port, url = mosquitto.pid, mosquitto.port, postgres.create("shop")
            (folder / "server.password").write_text(mosquitto.users["server"])
            (folder / "edge.password").write_text(mosquitto.users["edge"])
            text = CONFIG + BESIDE
        else:
            port, url = free_port(), f"sqlite:///{folder}/shop.db"
            text = CONFIG + EMBEDDED
        config = folder / "server.toml"
        config.write_text(text.format(url=url, port=port, **values) + settings)
        populate(read_settings(config), LoadFolder(path=folder / "load"), size, people)
        log = stack.enter_context((folder / "server.log").open("w"))
        program = str(Path(sys.executable).with_name("shopbell-server"))
        stack.enter_context(
            running([program, "run", "--config", str(config)], stderr=log, within_s=START_S)
        )
        server = child("shopbell-server")
        yield Place(
            folder=folder,
            url=as_superuser(url),
            people=people * size.stores,
            http_port=http_port,
            broker_port=port,
            password_file=folder / "edge.password",
            server=server,
            broker=broker if broker is not None else child("nats-server", of=server),
            database=database,
        )
