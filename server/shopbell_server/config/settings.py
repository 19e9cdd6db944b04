"""The server's settings: one TOML file. Owns: which tables there are.

Every default carries its reason where it stands; `deploy/server/server.toml` shows them all to whoever edits
one. Secrets are named by the path of a file that holds them, never written into this one.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from shopbell_server.config.broker import Broker
from shopbell_server.config.channels import Channels
from shopbell_server.config.database import Database
from shopbell_server.config.door import Http
from shopbell_server.config.gathering import Gathering
from shopbell_server.config.identity import Identity
from shopbell_server.config.keys import Keys
from shopbell_server.config.ladder import Ladder
from shopbell_server.config.limits import Limits
from shopbell_server.config.oidc import Oidc
from shopbell_server.config.responsible import Privacy
from shopbell_server.config.retailer import Retailer
from shopbell_server.config.retention import Retention
from shopbell_server.config.run import Run
from shopbell_server.config.shapes import Folder
from shopbell_server.config.signed import Audit, Orders
from shopbell_server.config.sinks import Delivery, FileSink, WebhookSink
from shopbell_server.config.visits import Visits
from shopbell_wire.messages import Name


class Demo(Struct, frozen=True, kw_only=True):
    """The `/demo` page shows what a simulated shop writes into `folder`. Loopback only."""

    folder: Folder


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that differs from one server to the next."""

    tenant: Name
    retailer: Retailer
    run: Run = Run()
    database: Database = Database()
    keys: Keys = Keys()
    broker: Broker = Broker()
    http: Http = Http()
    oidc: Oidc | None = None
    limits: Limits = Limits()
    gathering: Gathering = Gathering()
    identity: Identity = Identity()
    channels: Channels = Channels()
    delivery: Delivery = Delivery()
    orders: Orders | None = None
    audit: Audit | None = None
    privacy: Privacy | None = None
    retention: Retention = Retention()
    sinks: tuple[FileSink | WebhookSink, ...] = ()
    visits: Visits = Visits()
    rules: Literal["standard", "demo"] = "standard"
    """`demo` shortens every duration twenty-fold; accepted on loopback only."""
    ladder: Ladder = Ladder()
    demo: Demo | None = None
