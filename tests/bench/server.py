"""The server as it is installed, with customers in its database and a broker of its own."""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from shopbell_server.core.ids import TenantId
from shopbell_server.db import migrate
from tests.bench.air import RETAILER
from tests.bench.machine import child
from tests.bench.people import populate
from tests.rigs.databases import open_with_file
from tests.rigs.fake_bluez.bus import running
from tests.rigs.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.people import Guest

TENANT: Final = "acme"

START_S: Final = 40.0
"""It is up in two seconds, on a machine that has nothing else to do."""

CONFIG: Final = """
tenant = "acme"
rules = "{rules}"
[retailer]
uuid = "{uuid}"
prefix = "{prefix}"
[database]
url = "sqlite:///{folder}/shop.db"
[http]
port = {http_port}
[broker]
port = {port}
[broker.embedded]
data_dir = "{folder}/broker"
edge_password_file = "{folder}/edge.password"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A running server. Edges are `edge-0` … and log in to the broker at `port` as `edge`."""

    folder: Path
    http_port: int
    port: int
    guests: list[Guest]
    pid: int

    @property
    def edge_password(self) -> str:
        return (self.folder / "edge.password").read_text().strip()

    @property
    def server_login(self) -> tuple[str, str]:
        """Return who may say and hear everything on the broker."""
        config = json.loads((self.folder / "broker" / "broker.conf").read_text())
        user = config["authorization"]["users"][0]
        return user["user"], user["password"]


@contextmanager
def serving(
    folder: Path, *, edges: int, people: int, rules: Literal["standard", "demo"] = "standard"
) -> Iterator[Site]:
    """Run `shopbell-server run` on SQLite, with customers who consented yesterday."""
    url = f"sqlite:///{folder}/shop.db"
    migrate.upgrade(url)
    with closing(open_with_file(url, TenantId(TENANT))) as database:
        now_ms = time.time_ns() // 1_000_000
        guests = populate(database, edges=edges, people=people, now_ms=now_ms)
    http_port, port = free_port(), free_port()
    config = folder / "server.toml"
    config.write_text(
        CONFIG.format(
            rules=rules,
            uuid=RETAILER.uuid,
            prefix=RETAILER.prefix,
            folder=folder,
            http_port=http_port,
            port=port,
        )
    )
    program = str(Path(sys.executable).with_name("shopbell-server"))
    with (
        (folder / "server.log").open("w") as log,
        running([program, "run", "--config", str(config)], stderr=log, within_s=START_S),
    ):
        yield Site(
            folder=folder,
            http_port=http_port,
            port=port,
            guests=guests,
            pid=child("shopbell-server"),
        )
