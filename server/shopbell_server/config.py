"""The server's settings: one TOML file, read once, checked whole.

Every default carries its reason here; `deploy/server/server.toml` shows them all to whoever edits one.
Secrets are named by the path of a file that holds them, never written into this one.
"""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from shopbell_program.loopback import is_loopback
from shopbell_program.places import not_a_host, not_secret
from shopbell_program.settings import Fault, load, unreadable
from shopbell_server.core.customer_keys import SINK_KEY_BYTES
from shopbell_server.core.public_addresses import reach
from shopbell_server.core.webhook_signature import SecretError, read_secrets
from shopbell_server.responsible import Privacy
from shopbell_server.responsible import faults as faults_of_privacy
from shopbell_server.signed import Audit, Orders, faults_of_audit
from shopbell_wire.messages import Name

if TYPE_CHECKING:
    from collections.abc import Iterator

Port = Annotated[int, Meta(ge=0, le=65535)]
Uuid = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z",
        description="32 lower-case hexadecimal digits in quotes, grouped 8-4-4-4-12",
    ),
]
File = Annotated[str, Meta(description="the path of a file in quotes")]


class Database(Struct, frozen=True, kw_only=True):
    """Where everything is kept."""

    url: str = "sqlite:////var/lib/shopbell-server/shopbell.db"
    """`sqlite:///path` for one store, `postgresql://user@host/name` beyond."""
    password_file: str | None = None
    """PostgreSQL's password, if it wants one."""


class Tls(Struct, frozen=True, kw_only=True):
    """How to speak to a broker beyond this machine."""

    ca_file: File
    cert_file: str | None = None
    key_file: str | None = None


class Embedded(Struct, frozen=True, kw_only=True):
    """A broker started and stopped by the server itself: for one store, or to try things out."""

    data_dir: Annotated[str, Meta(description="the path of a folder in quotes")]
    edge_password_file: File
    """The password that edges give, as user `edge`; made if it is not there."""


class Broker(Struct, frozen=True, kw_only=True):
    """Where the edges' messages come from."""

    host: str = "127.0.0.1"
    port: Port = 1883
    protocol: Literal["3.1.1", "5"] = "3.1.1"
    """3.1.1 is what every broker speaks; 5 adds reasons to refusals."""
    username: str | None = None
    password_file: str | None = None
    tls: Tls | None = None
    embedded: Embedded | None = None


class Http(Struct, frozen=True, kw_only=True):
    """Where tablets, apps and operators come in."""

    host: str = "127.0.0.1"
    port: Port = 8400
    origin: str | None = None
    """What the address bar shows, if a proxy stands before: `https://board.example`."""


class Retailer(Struct, frozen=True, kw_only=True):
    """What this retailer's phones put on the air."""

    uuid: Uuid
    prefix: Annotated[
        str,
        Meta(
            pattern=r"^[0-9a-f]{8}\Z",
            description="8 lower-case hexadecimal digits in quotes",
            examples=["5bb0e111"],
        ),
    ]
    power_dbm: Annotated[int, Meta(ge=-100, le=20)] = -59
    """At 1 m, for models that nobody calibrated: an iPhone's figure."""
    number_key_file: str | None = None
    """X25519 private key (32 bytes, hexadecimal) that opens sealed loyalty numbers."""
    fixed_id_key_file: str | None = None
    """Key (32 bytes, hexadecimal) under which fobs and cards are known; without it they mean nobody. With a
    new key all of them have to be registered again."""


class Gathering(Struct, frozen=True, kw_only=True):
    """How many batches share one transaction."""

    most: Annotated[int, Meta(ge=1, le=512)] = 64
    """A commit costs about as much as taking in 50 batches; beyond 64 the gain is under 5 %."""
    wait_ms: Annotated[int, Meta(ge=0, le=1000)] = 20
    """Waiting for company: under a tenth of the 300 ms from the first advert to the board."""


class FileSink(Struct, frozen=True, kw_only=True, tag="file", tag_field="kind"):
    """Events as lines of JSON."""

    name: Name
    path: File
    user_id: str | None = None
    """Which external id to send (`crm`); without it a pairwise id."""


class WebhookSink(Struct, frozen=True, kw_only=True, tag="webhook", tag_field="kind"):
    """Events as HTTP requests, signed as Standard Webhooks say."""

    name: Name
    url: Annotated[str, Meta(examples=["https://cdp.example/hooks"])]
    secret_file: File
    """Lines of `whsec_` and base64 of 24 to 64 bytes. Two lines while a secret is being changed."""
    user_id: str | None = None
    allow_loopback: bool = False
    """Lets `http://127.0.0.1` be an endpoint: for a receiver on the same machine."""
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 15.0
    """Standard Webhooks: 15 to 30 s."""


class Delivery(Struct, frozen=True, kw_only=True):
    """How stubbornly events are delivered."""

    schedule_s: Annotated[tuple[Annotated[float, Meta(ge=0)], ...], Meta(min_length=1)] = (
        0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400,
    )  # fmt: skip
    """Standard Webhooks' example: ten attempts in 75 hours, then the dead letter."""
    pairwise_key_file: str | None = None
    """Key (32 bytes, hexadecimal) of the ids under which sinks know people they have no id for, and
    by which every sink orders its events. Needed with any sink; a new key makes everybody a stranger."""


class Demo(Struct, frozen=True, kw_only=True):
    """The `/demo` page shows what a simulated shop writes into `folder`. Loopback only."""

    folder: Annotated[str, Meta(description="the path of a folder in quotes")]


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that differs from one server to the next."""

    tenant: Name
    retailer: Retailer
    database: Database = Database()
    broker: Broker = Broker()
    http: Http = Http()
    gathering: Gathering = Gathering()
    delivery: Delivery = Delivery()
    orders: Orders | None = None
    audit: Audit | None = None
    privacy: Privacy | None = None
    sinks: tuple[FileSink | WebhookSink, ...] = ()
    rules: Literal["standard", "demo"] = "standard"
    """`demo` shortens every duration twenty-fold; accepted on loopback only."""
    demo: Demo | None = None


def open_secrets(settings: Settings) -> Iterator[Fault]:
    """Yield which of the named secrets every user of this machine may read. The server works all the same."""
    for key, path in _secret_files(settings).items():
        yield from not_secret(key, path or "")


def read_settings(path: Path) -> Settings:
    """Return the settings in `path`, or raise SettingsError with all that is wrong."""
    return load(path, Settings, lambda settings: list(_faults(settings)))


def _faults(settings: Settings) -> Iterator[Fault]:
    """Yield what no single key shows."""
    yield from _keys(settings)
    yield from faults_of_audit(settings.audit)
    yield from faults_of_privacy(
        settings.privacy or Privacy(), [each.name for each in settings.sinks]
    )
    yield from _database(settings.database)
    yield from not_a_host("http.host", settings.http.host)
    yield from _origin(settings.http.origin)
    yield from _loopback_only(settings)
    yield from _paths(settings)
    yield from _sinks(settings)
    yield from _sink_keys(settings)
    broker = settings.broker
    no_host = list(not_a_host("broker.host", broker.host))
    yield from no_host
    exposed = broker.tls is None and broker.embedded is None and not is_loopback(broker.host)
    if exposed and not no_host:
        yield Fault(
            key="broker.tls",
            problem=f"missing; {broker.host} is not this machine, and nobody on the way may read: "
            "add a table [broker.tls] with ca_file",
        )
    if (broker.username is None) != (broker.password_file is None):
        yield Fault(
            key="broker.password_file", problem="goes with broker.username: give both or none"
        )


def _keys(settings: Settings) -> Iterator[Fault]:
    """Yield which files of keys hold none."""
    making = {
        "retailer.number_key_file": "",
        "retailer.fixed_id_key_file": "; `openssl rand -hex 32 > FILE` makes one",
        "audit.signing_key_file": "; `openssl rand -hex 32 > FILE` makes one",
        "orders.signing_key_file": "; `shopbell-server edge new-key` makes one",
    }
    for key, path in _secret_files(settings).items():
        if key in making and path is not None and _in_the_way(path) is None and not _is_key(path):
            problem = f'"{path}" does not hold {SINK_KEY_BYTES} bytes in hexadecimal{making[key]}'
            yield Fault(key=key, problem=problem)


def _database(database: Database) -> Iterator[Fault]:
    """Yield what is wrong with the address; what is behind it only shows when it is used."""
    try:
        kind = urlsplit(database.url).scheme.partition("+")[0]
    except ValueError:
        kind = ""
    # Two slashes and a name would be a host, which SQLite has not.
    nowhere = kind == "sqlite" and not database.url.partition("://")[2].startswith("/")
    if kind not in {"sqlite", "postgresql"} or nowhere:
        yield Fault(
            key="database.url",
            problem='write "sqlite:////path/to/file.db", with four slashes, '
            'or "postgresql://user@host/name"',
        )


def _origin(origin: str | None) -> Iterator[Fault]:
    """Yield why no address bar ever shows `origin`: it is compared to what browsers send, to the letter."""
    if origin is None:
        return
    try:
        parts = urlsplit(origin)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    plain = parts.scheme in {"http", "https"} and parts.hostname is not None
    if not plain or origin != f"{parts.scheme}://{parts.netloc.lower()}" or "@" in parts.netloc:
        yield Fault(
            key="http.origin",
            problem=f"{origin!r} is no origin; write scheme and host in lower case and nothing after them, "
            'such as "https://board.example"',
        )


def _loopback_only(settings: Settings) -> Iterator[Fault]:
    if is_loopback(settings.http.host):
        return
    if settings.rules == "demo":
        yield Fault(
            key="rules",
            problem='"demo" shortens every duration and is accepted only where http.host is loopback',
        )
    if settings.demo is not None:
        yield Fault(key="demo", problem="the demo page is served only where http.host is loopback")


def _paths(settings: Settings) -> Iterator[Fault]:
    named = _secret_files(settings)
    if settings.broker.tls is not None:
        named["broker.tls.ca_file"] = settings.broker.tls.ca_file
        named["broker.tls.cert_file"] = settings.broker.tls.cert_file
    for key, path in named.items():
        problem = None if path is None else _in_the_way(path)
        if problem is not None:
            yield Fault(key=key, problem=problem)


def _secret_files(settings: Settings) -> dict[str, str | None]:
    orders, audit, tls = settings.orders, settings.audit, settings.broker.tls
    return {
        "database.password_file": settings.database.password_file,
        "broker.password_file": settings.broker.password_file,
        "broker.tls.key_file": None if tls is None else tls.key_file,
        "retailer.number_key_file": settings.retailer.number_key_file,
        "retailer.fixed_id_key_file": settings.retailer.fixed_id_key_file,
        "delivery.pairwise_key_file": settings.delivery.pairwise_key_file,
        "orders.signing_key_file": None if orders is None else orders.signing_key_file,
        "audit.signing_key_file": None if audit is None else audit.signing_key_file,
    } | {
        f"sinks[{index}].secret_file": sink.secret_file
        for index, sink in enumerate(settings.sinks)
        if isinstance(sink, WebhookSink)
    }


def _sinks(settings: Settings) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, sink in enumerate(settings.sinks):
        if sink.name in seen:
            yield Fault(
                key=f"sinks[{index}].name",
                problem=f'"{sink.name}" stands twice; deliveries go by it',
            )
        seen.add(sink.name)
        if isinstance(sink, WebhookSink):
            yield from _endpoint(f"sinks[{index}].url", sink)
        elif not Path(sink.path).parent.is_dir():
            yield Fault(
                key=f"sinks[{index}].path", problem=f'there is no folder "{Path(sink.path).parent}"'
            )


def _sink_keys(settings: Settings) -> Iterator[Fault]:
    """Yield what is wrong in the files that sinks sign and name people with."""
    path = settings.delivery.pairwise_key_file
    if path is None:
        if settings.sinks:
            yield Fault(
                key="delivery.pairwise_key_file",
                problem="missing; sinks know people by it. `openssl rand -hex 32 > FILE` makes one",
            )
    elif _in_the_way(path) is None and not _is_key(path):
        yield Fault(
            key="delivery.pairwise_key_file",
            problem=f'"{path}" does not hold {SINK_KEY_BYTES} bytes in hexadecimal',
        )
    for index, sink in enumerate(settings.sinks):
        if isinstance(sink, WebhookSink) and _in_the_way(sink.secret_file) is None:
            try:
                read_secrets(Path(sink.secret_file).read_text("utf-8"))
            except SecretError as error:
                yield Fault(
                    key=f"sinks[{index}].secret_file", problem=f'"{sink.secret_file}" {error}'
                )


def _in_the_way(path: str) -> str | None:
    """Return why the file at `path` cannot be read as text by this user; None if it can."""
    try:
        if not Path(path).is_file():
            return f'there is no file "{path}"'
        Path(path).read_text("utf-8")
    except UnicodeDecodeError:
        return f'"{path}" is not text'
    except (OSError, ValueError) as error:
        return f'"{path}": {unreadable(error)}'
    return None


def _is_key(path: str) -> bool:
    try:
        return len(bytes.fromhex(Path(path).read_text("ascii"))) == SINK_KEY_BYTES
    except ValueError:
        return False


def _endpoint(key: str, sink: WebhookSink) -> Iterator[Fault]:
    try:
        parts = urlsplit(sink.url)
        _ = parts.port
    except ValueError:
        yield Fault(key=key, problem="is not a URL, such as https://cdp.example/hooks")
        return
    local = is_loopback(parts.hostname or "")
    if not sink.url.isascii() or not sink.url.isprintable() or " " in sink.url:
        yield Fault(key=key, problem="must be plain ASCII: xn-- names, %-encoded paths")
    elif parts.username or parts.password:
        yield Fault(key=key, problem="must not hold a password; webhooks are signed instead")
    elif local and not sink.allow_loopback:
        yield Fault(key=key, problem="is this machine; say allow_loopback = true if that is meant")
    elif parts.scheme != "https" and not (local and parts.scheme == "http"):
        yield Fault(key=key, problem="must begin with https://")
    elif not parts.hostname:
        yield Fault(key=key, problem="names no host")
    elif not local and _is_address(parts.hostname) and reach(parts.hostname) != "public":
        yield Fault(key=key, problem="is an address in a private or special network")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
