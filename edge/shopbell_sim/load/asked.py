"""What `shopbell-sim load` is asked for, and what in it makes no sense.

Owns: the options and their bounds.
Never: does any of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from shopbell_edge.core.resend import SendRules
from shopbell_program.commands import UsageError
from shopbell_program.loopback import is_loopback
from shopbell_sim.adapters.load_line import Broker
from shopbell_wire.topics import EdgeTopic, Kind

if TYPE_CHECKING:
    from pathlib import Path

    from shopbell_sim.core.load_crowd import Size

MOST_EDGES: Final = 50_000
"""10 000 stores of five. A process has so many connections at the most if it may (`ulimit -n`)."""

MOST_PEOPLE: Final = 1_000_000
"""Who is enrolled, and in memory: half a kilobyte each."""

MOST_DURATION_S: Final = 86_400.0

STANDARD: Final = SendRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A load, checked."""

    data: Path
    server: str
    tenant: str
    broker: Broker
    size: Size
    duration_s: float
    connections: int
    """One for each edge, or fewer that are shared."""
    seed: int
    rules: SendRules = STANDARD
    """How patient edges are: as all are, but for tests."""

    @property
    def people(self) -> int:
        """Return how many people a store has."""
        return self.size.people(int(self.duration_s * 1000))


def broker_at(address: str, password: str | None, ca: Path | None) -> Broker:
    """Return the broker at `mqtt[s]://[user@]host[:port]`, or raise UsageError."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise UsageError(f"--broker {address}: {_WRITE}") from None
    if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname or parts.path not in {"", "/"}:
        raise UsageError(f"--broker {address}: {_WRITE}")
    if parts.password is not None:
        raise UsageError("--broker: must hold no password; name its file with --password-file")
    if (parts.username is None) != (password is None):
        raise UsageError("--password-file: goes with a user in --broker; give both or neither")
    tls = parts.scheme == "mqtts"
    if not tls and not is_loopback(parts.hostname):
        raise UsageError(
            f"--broker {address}: {parts.hostname} is not this machine, and nobody on the way may read "
            "the password: write mqtts://, with --ca where the broker's certificate is of your own CA"
        )
    return Broker(
        host=parts.hostname,
        port=port or (8883 if tls else 1883),
        tls=tls,
        username=parts.username,
        password=password,
        ca=ca,
    )


_WRITE: Final = "write mqtt://[user@]host[:port], or mqtts:// for one with TLS"


def checked(load: Load) -> Load:
    """Return `load`, or raise UsageError with the first thing in it that makes no sense."""
    size = load.size
    _within("--edges", size.edges, 1, 100)
    _within("--stores", size.stores, 1, MOST_EDGES // size.edges)
    _within("--customers", size.customers, 1, 1_000)
    _within("--heard-by", size.heard_by, 1, size.edges)
    _within("--speed", size.speed, 0.01, 100)
    _within("--duration", load.duration_s, 1, MOST_DURATION_S)
    _within("--connections", load.connections, 1, size.stores * size.edges)
    if load.people * size.stores > MOST_PEOPLE:
        raise UsageError(
            f"--stores {size.stores} x {load.people} people each in that time are more than "
            f"{MOST_PEOPLE}: take fewer stores, fewer --customers, a shorter --duration or less --speed"
        )
    try:
        EdgeTopic(tenant=load.tenant, edge="any", kind=Kind.LIVE)
    except ValueError as error:
        raise UsageError(f"--tenant: {error}") from None
    return load


def _within(option: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise UsageError(f"{option} {value:g}: write {least:g} to {most:g}")
