"""What the daemon needs from the world, said in its own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from shopbell_edge.core.advertisement import Advertisement
    from shopbell_edge.core.units import Boottime, ScannerName
    from shopbell_wire.messages import Ack, Clock, Event, Status

Lane = Literal["live", "backlog"]
"""`backlog` is what waited for more than 30 s; the server must not ring a bell for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether a scanner hears, and why it thinks so (a short snake_case reason)."""

    state: Literal["hearing", "blind", "suspect"]
    reason: str


class Radio(Protocol):
    """Hears advertisements."""

    @property
    def scanner(self) -> ScannerName: ...

    async def listen(
        self, heard: Callable[[Advertisement], None], health: Callable[[Health], None]
    ) -> None:
        """Call `heard` for every advertisement until cancelled; recover by itself, saying so in `health`.

        Both are called on the event loop and must not block. Raises RadioLostError when recovery fails.
        """
        ...


class RadioLostError(ConnectionError):
    """The radio cannot be made to hear. Only a restart of the process can help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A code that a camera or scanner read: `format` as its library names it, `text` as it stands."""

    format: str
    text: str


class CodeReader(Protocol):
    """Reads codes that people hold up."""

    @property
    def scanner(self) -> ScannerName: ...

    def codes(self, health: Callable[[Health], None]) -> AsyncIterator[Code]:
        """Yield every code read, repeats included, until closed; recover by itself, saying so in `health`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A batch in its final bytes. `sealed_at` is boottime of this boot; 0 if an earlier boot sealed it."""

    stream: str
    seq: int
    payload: bytes
    sealed_at: Boottime
    oldest_ms: int
    """Wall time of its oldest event: decides between the live lane and the backlog."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How much is waiting: events not yet sealed, sealed batches, bytes on disk, age of the oldest."""

    unsealed: int
    sealed: int
    size_bytes: int
    oldest_ms: int | None


class Spool(Protocol):
    """Keeps events until the server has committed them, across power cuts."""

    async def append(self, events: Sequence[Event], clock: Clock) -> None:
        """Store `events` durably, with the clock that dated them, before returning."""
        ...

    async def seal(self, now: Boottime) -> Sealed | None:
        """Make the next batch, durably; None if there is nothing, or 64 batches wait on the wire."""
        ...

    async def unacknowledged(self) -> Sequence[Sealed]:
        """Return the sealed batches that the server has not answered, oldest first."""
        ...

    async def settle(self, ack: Ack) -> int:
        """Forget what is committed, set aside what is refused; return how many batches that settled."""
        ...

    async def depth(self) -> Depth:
        """Return how much is waiting."""
        ...


class SpoolFullError(OSError):
    """The spool has no room for `append`. Nothing of this call was stored."""


class Uplink(Protocol):
    """Speaks to the server through a broker. The broker's word counts for nothing: only acks do."""

    @property
    def connection(self) -> int:
        """Rises with every connection made; 0 before the first."""
        ...

    async def connected(self) -> None:
        """Return once there is a connection."""
        ...

    async def publish(self, lane: Lane, payload: bytes) -> None:
        """Hand `payload` to the broker; UplinkLostError if there is no connection or it broke."""
        ...

    async def report(self, status: Status) -> None:
        """Publish the retained status; UplinkLostError as above."""
        ...

    def acks(self) -> AsyncIterator[Ack]:
        """Yield the server's acknowledgements, over all connections, until closed."""
        ...


class UplinkLostError(ConnectionError):
    """The broker did not take it. Sending again is safe."""


class EdgeClock(Protocol):
    """Tells the time, and how far it may be trusted."""

    def now(self) -> Clock:
        """Return boot, boottime, wall time and their quality."""
        ...

    def boottime(self) -> Boottime:
        """Return milliseconds since boot: the only clock for durations."""
        ...


class Supervisor(Protocol):
    """Whoever restarts this process when it hangs (systemd)."""

    def ready(self) -> None:
        """Say that start-up is complete."""
        ...

    def alive(self) -> None:
        """Feed the watchdog."""
        ...

    def stopping(self) -> None:
        """Say that the process is about to end by itself."""
        ...
