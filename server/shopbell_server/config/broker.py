"""Settings of the broker. Owns: the table [broker] and those inside it, and what can be wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct

from shopbell_program.loopback import is_loopback
from shopbell_program.places import address, not_a_host, not_an_address
from shopbell_program.settings import Fault
from shopbell_server.config.shapes import File, Folder, Port

if TYPE_CHECKING:
    from collections.abc import Iterator


class Tls(Struct, frozen=True, kw_only=True):
    """How to speak to a broker beyond this machine."""

    ca_file: File
    cert_file: str | None = None
    key_file: str | None = None


class Embedded(Struct, frozen=True, kw_only=True):
    """A broker started and stopped by the server itself: for one store, or to try things out."""

    data_dir: Folder
    edge_password_file: File
    """The password that edges give, as user `edge`; made if it is not there."""


class Nats(Struct, frozen=True, kw_only=True):
    """A NATS cluster that serves the edges over MQTT: servers speak its own protocol, as a queue group."""

    addresses: Annotated[tuple[str, ...], Meta(min_length=1, max_length=16)]
    """ "host:port" of each node's own listener (4222), the nearest first: tried in turn."""


class Broker(Struct, frozen=True, kw_only=True):
    """Where the edges' messages come from."""

    host: str = "127.0.0.1"
    port: Port = 1883
    fallbacks: Annotated[tuple[str, ...], Meta(max_length=16)] = ()
    """Other nodes of the same broker, as "host:port": tried in turn where one cannot be reached."""
    protocol: Literal["3.1.1", "5"] = "3.1.1"
    """3.1.1 is what every broker speaks. With 5, servers share what edges send, and refusals have reasons."""
    nats: Nats | None = None
    """Without it a NATS cluster cannot share: its MQTT has no shared subscriptions."""
    username: str | None = None
    password_file: str | None = None
    tls: Tls | None = None
    embedded: Embedded | None = None


def addresses(broker: Broker) -> tuple[tuple[str, int], ...]:
    """Return where the broker speaks MQTT, in the order in which nodes are tried."""
    return ((broker.host, broker.port), *map(address, broker.fallbacks))


def nats_addresses(nats: Nats) -> tuple[tuple[str, int], ...]:
    """Return where a cluster speaks its own protocol, in the order in which nodes are tried."""
    return tuple(map(address, nats.addresses))


def faults_of_broker(broker: Broker) -> Iterator[Fault]:
    """Yield what no single key of [broker] shows."""
    wrong = list(_wrong_places(broker))
    yield from wrong
    if not wrong:
        yield from _exposed(broker)
    if (broker.username is None) != (broker.password_file is None):
        yield Fault(
            key="broker.password_file", problem="goes with broker.username: give both or none"
        )
    if broker.tls is not None and broker.tls.key_file and broker.tls.cert_file is None:
        yield Fault(key="broker.tls.key_file", problem="goes with broker.tls.cert_file: give both")
    if broker.nats is not None and broker.protocol != "3.1.1":
        yield Fault(key="broker.protocol", problem='NATS speaks MQTT 3.1.1 alone: write "3.1.1"')
    if broker.embedded is not None and (broker.fallbacks or broker.nats is not None):
        yield Fault(
            key="broker.embedded",
            problem="a broker of the server's own is one process on this machine: leave out this table, "
            "or broker.fallbacks and [broker.nats]",
        )


def _wrong_places(broker: Broker) -> Iterator[Fault]:
    yield from not_a_host("broker.host", broker.host)
    named = {"fallbacks": broker.fallbacks}
    if broker.nats is not None:
        named["nats.addresses"] = broker.nats.addresses
    for key, texts in named.items():
        for index, text in enumerate(texts):
            yield from not_an_address(f"broker.{key}[{index}]", text)


def _exposed(broker: Broker) -> Iterator[Fault]:
    """Yield that the way to a broker elsewhere is open to whoever is on it."""
    places = [*addresses(broker), *(() if broker.nats is None else nats_addresses(broker.nats))]
    away = next((host for host, _ in places if not is_loopback(host)), None)
    if broker.tls is None and broker.embedded is None and away is not None:
        yield Fault(
            key="broker.tls",
            problem=f"missing; {away} is not this machine, and nobody on the way may read: "
            "add a table [broker.tls] with ca_file",
        )
