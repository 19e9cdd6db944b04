"""What a load of many stores runs against: a database, a broker, the server as it is installed, people.

Each is a process of its own, so that processor time and memory are told apart.
"""

from __future__ import annotations

import base64
import sys
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from shopbell_server import preparing
from shopbell_server.assembly import open_database
from shopbell_server.config.reading import read_settings
from shopbell_server.core.ids import Day, DeviceNo, Millis
from shopbell_server.core.recognition.tokens import issue, key_ring
from shopbell_server.core.token_windows import day_of, window_of
from shopbell_server.crypto import aes_block
from shopbell_server.seed import read_seed
from shopbell_server.system import SystemEntropy
from shopbell_server.usecases.customers.make_keys import make_keys
from shopbell_sim.adapters.app import Enrolled
from shopbell_sim.load.folder import Known, LoadFolder
from tests.bench.air import RETAILER
from tests.bench.machine import child
from tests.bench.people import device_token, enrol
from tests.rigs.brokers import MosquittoBroker, free_port
from tests.rigs.fake_bluez.bus import running
from tests.rigs.postgres import PostgresServer, as_superuser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_server.config.settings import Settings
    from shopbell_server.core.recognition.tokens import KeyRing, Token
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

WINDOWS: Final = 8
"""Two hours of tokens; the runs take minutes."""

AT_ONCE: Final = 500
"""People of one transaction."""


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


def populate(settings: Settings, folder: LoadFolder, size: Size, people: int) -> None:
    """Make tables, stores and people, and write down what their phones know."""
    folder.write_seed(size)
    preparing.upgrade(settings)
    preparing.plant(settings, read_seed(folder.seed))
    now = Millis(time.time_ns() // 1_000_000)
    wanted = [(store, person) for store in range(size.stores) for person in range(people)]
    known: list[Known] = []
    with closing(open_database(settings)) as database:
        make_keys(database, SystemEntropy(), now)
        with database.begin() as work:
            ring = key_ring(work.day_keys.keys([Day(day_of(now)), Day(day_of(now) + 1)]), aes_block)
        for begin in range(0, len(wanted), AT_ONCE):
            with database.begin() as work:
                for number, (store, person) in enumerate(
                    wanted[begin : begin + AT_ONCE], begin + 1
                ):
                    tokens = _tokens(ring, number, now)
                    guest = enrol(work, number, (tokens[0].id32, tokens[0].id64), now)
                    enrolled = Enrolled(
                        enrolment_id=f"person-{number:08d}",
                        device_token=device_token(number),
                        mac_key=guest.mac_key.hex(),
                        card_ref=guest.card.ref,
                        card_secret=base64.b32encode(guest.card.secret).decode(),
                        retailer_uuid=RETAILER.uuid,
                        prefix=RETAILER.prefix,
                    )
                    known.append(
                        Known(
                            store=store,
                            person=person,
                            enrolled=enrolled,
                            first_window=window_of(now),
                            id32=tuple(each.id32 for each in tokens),
                            id64=tuple(each.id64 for each in tokens),
                        )
                    )
                work.commit()
    folder.write_people(known)


def _tokens(ring: KeyRing, number: int, now: Millis) -> list[Token]:
    first = window_of(now)
    return issue(ring, DeviceNo(number), range(first, first + WINDOWS))
