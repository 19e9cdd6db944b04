"""What the daemon needs from the world, said in its own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from shopbell_edge.core.advertisement import Advertisement
    from shopbell_edge.core.answering import Answer
    from shopbell_edge.core.batching import Lane, Unripe, Wanted
    from shopbell_edge.core.codes import UnknownCode
    from shopbell_edge.core.reception import Doubt
    from shopbell_edge.core.resend import Key, Sealed
    from shopbell_edge.core.standing import Book
    from shopbell_edge.core.units import Boottime, ScannerName
    from shopbell_wire.messages import Ack, Clock, Event, Finding, Hearing, Status
    from shopbell_wire.orders import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether a scanner hears, and why it thinks so (a short snake_case reason)."""

    state: Hearing
    reason: str
    for_ms: int = 0
    """How long it has been so already, for silence is found out late."""
    way: Literal["management", "bleak"] | None = None
    """By which way a Bluetooth radio hears."""


class Radio(Protocol):
    """Hears advertisements."""

    @property
    def scanner(self) -> ScannerName: ...

    @property
    def dropped(self) -> Mapping[str, int]:
        """How many advertisements of this `listen` went no further, by result (`not_ours` …)."""
        ...

    async def listen(
        self, heard: Callable[[Advertisement], None], health: Callable[[Health], None]
    ) -> None:
        """Call `heard` for every advertisement until cancelled; recover by itself, saying so in `health`.

        Both are called on the event loop and must not block. Raises RadioLostError when recovery fails.
        """
        ...

    def mend(self, why: Doubt, tries: int) -> None:
        """Try the next remedy, the `tries`-th in a row: it hears, but not as it should.

        No effect where there is nothing to mend, or while it is mended already.
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

    def codes(self, health: Callable[[Health], None]) -> AsyncIterator[Code | UnknownCode]:
        """Yield every code read, repeats included, until closed; recover by itself, saying so in `health`.

        What came to no whole text (cut off, spoilt) is an UnknownCode that says why.
        """
        ...


class Feedback(Protocol):
    """Lets somebody who held up a code know: a lamp, a bell, a line in the log."""

    async def give(self, answer: Answer) -> bool:
        """Show `answer`; return, when that is over, whether it could be shown. To be away is no error.

        Each Answer shows differently. Cancelled in the middle it leaves no lamp on and no bell ringing.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How much is waiting: events not yet sealed, those in sealed batches, bytes in use, the oldest event."""

    unsealed: int
    sealed: int
    size_bytes: int
    oldest_ms: int | None
    """Wall time at which the oldest event was appended, by the clock of that moment."""


class Spool(Protocol):
    """Keeps events until the server has committed them, across power cuts."""

    async def append(self, events: Sequence[Event], clock: Clock) -> int:
        """Store `events` durably, with the clock that dated them, before returning.

        Presence gives way to scans when room is short: returns how many events were given up (and
        counted in `dropped` of the next batch). Raises SpoolFullError when nothing fits at all.
        """
        ...

    async def seal(self, wanted: Wanted, now: Clock) -> Sealed | Unripe:
        """Make the next batch of what is `wanted`, durably, or say when to ask again.

        The first batch of a stream begins with `stream_started`, whatever is wanted.
        """
        ...

    async def unacknowledged(self) -> Sequence[Sealed]:
        """Return the sealed batches that the server has not answered, oldest first."""
        ...

    async def settle(self, ack: Ack) -> Sequence[Key]:
        """Forget what is committed, set aside what is refused; return the batches that this settled."""
        ...

    async def changed(self) -> None:
        """Return once something was appended since the last call; for one caller at a time."""
        ...

    async def depth(self) -> Depth:
        """Return how much is waiting."""
        ...


class SpoolFullError(OSError):
    """The spool has no room for `append`. Nothing of this call was stored; all of it is counted."""


class SpoolLostError(OSError):
    """The spool cannot be read or written at all. Only a new process can help, or a person."""


class Uplink(Protocol):
    """Speaks to the server through a broker. The broker's word counts for nothing: only acks do."""

    @property
    def connection(self) -> int:
        """Rises with every connection made; 0 before the first."""
        ...

    @property
    def online(self) -> bool:
        """Whether there is a connection now."""
        ...

    async def connected(self) -> None:
        """Return once there is a connection."""
        ...

    async def lost(self) -> None:
        """Return once there is none."""
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

    def orders(self) -> AsyncIterator[tuple[Kind, bytes]]:
        """Yield what came as orders of the server, unread, over all connections, until closed.

        The newest document of settings comes with every connection. Of a flood the oldest is dropped.
        """
        ...


class UplinkLostError(ConnectionError):
    """The broker did not take it. Sending again is safe."""


class OrderBook(Protocol):
    """Keeps what was ordered, across power cuts."""

    async def keep(self, book: Book) -> None:
        """Replace what is kept, durably, before returning; OSError if that cannot be, and nothing changes."""
        ...


class Checkup(Protocol):
    """Looks at this edge as somebody would who stands before it."""

    async def findings(self) -> Sequence[Finding]:
        """Return what each check finds, at most MAX_FINDINGS."""
        ...


class Sign(Protocol):
    """Something of this machine that people see or hear: a lamp, a bell."""

    @property
    def name(self) -> str:
        """Return what it is called, for people."""
        ...

    def borrow(self) -> None:
        """Take it away from whoever else uses it; OSError if it is not there or not ours to use."""
        ...

    def switch(self, *, on: bool) -> None:
        """Do so, without waiting; OSError if it has gone."""
        ...

    def give_back(self) -> None:
        """Leave it as it was before `borrow`, if it is still there."""
        ...


class EdgeClock(Protocol):
    """Tells the time, and how far it may be trusted."""

    def now(self) -> Clock:
        """Return boot, boottime, wall time and their quality."""
        ...

    def boottime(self) -> Boottime:
        """Return milliseconds since boot: the only clock for durations."""
        ...

    def learn(self, asked: Boottime, answered: Boottime, server_ms: int) -> None:
        """Take the server's word for what time it was at some moment from `asked` to `answered`."""
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
