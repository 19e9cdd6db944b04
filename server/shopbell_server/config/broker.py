"""Settings of the broker. Owns: the table [broker] and those inside it, and what can be wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from shopbell_program.loopback import is_loopback
from shopbell_program.places import not_a_host
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


def faults_of_broker(broker: Broker) -> Iterator[Fault]:
    """Yield what no single key of [broker] shows."""
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
