"""The connections of a load: kept, shared where there are fewer than edges, and left in good order.

Owns: who speaks over which connection, statuses and last wills, and what becomes of a connection that ends.
Never: what else is said.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from shopbell_edge.core.backoff import Backoff
from shopbell_sim.adapters.load_line import Line, NoLineError, Traffic, Will
from shopbell_wire.topics import EdgeTopic, Kind, to_edge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_sim.adapters.load_line import Broker

RETRY: Final = Backoff(first_s=1.0, most_s=60.0)
"""As an edge tries again."""

LOOK_AFTER_S: Final = 5.0
"""Between two looks at pings: a connection is given up after one and a half keepalives of 30 s."""

AT_ONCE: Final = 16
"""Connections that are being made: real edges come back over a minute, not all in one moment, and a broker
that keeps sessions on a disk (NATS) makes some dozens a second."""


class Speaker(Protocol):
    """Whose edges these are."""

    def status(self, edge: int, connection: int, *, online: bool) -> bytes:
        """Return the retained status of an edge."""
        ...

    def connected(self, edge: int, connection: int) -> None:
        """Hear that an edge may speak."""
        ...

    def taken(self, edge: int, seq: int) -> None:
        """Hear that the broker has a batch."""
        ...

    def heard(self, topic: str, payload: bytes) -> None:
        """Hear what came for one of the edges."""
        ...


@dataclass(slots=True, eq=False)
class _Shared:
    """A connection and its edges; `sent` are batches (edge, seq) by the broker's number."""

    number: int
    edges: list[int]
    line: Line | None = None
    connection: int = 0
    sent: dict[int, tuple[int, int]] = field(default_factory=dict)


class Lines:
    """So many connections for the edges of these names, dealt out in turn."""

    def __init__(
        self, broker: Broker, tenant: str, names: Sequence[str], count: int, speaker: Speaker
    ) -> None:
        """Connect nobody yet: `keep` does."""
        self._broker = broker
        self._tenant = tenant
        self._names = names
        self._speaker = speaker
        self._dice = random.Random()
        self._door = asyncio.Semaphore(AT_ONCE)
        self._all = [
            _Shared(number=number, edges=list(range(number, len(names), count)))
            for number in range(count)
        ]
        self.up = 0
        """Connections that there are now."""
        self.lost = 0
        """Connections that ended though nobody wanted it."""
        self.trouble = ""
        """Why the last one that failed did."""

    def __len__(self) -> int:
        return len(self._all)

    async def keep(self) -> None:
        """Keep all of them until cancelled; then say that the edges are offline, and leave."""
        async with asyncio.TaskGroup() as tasks:
            for shared in self._all:
                tasks.create_task(self._keep(shared))
            while True:
                await asyncio.sleep(LOOK_AFTER_S)
                for shared in self._all:
                    if shared.line is not None:
                        shared.line.look_after()

    def traffic(self) -> Traffic:
        """Return what went over all connections that there are now."""
        each = [one.line.traffic() for one in self._all if one.line is not None]
        sent, received, packets = map(sum, zip(*each, strict=True)) if each else (0, 0, 0)
        return Traffic(sent, received, packets)

    def open(self, edge: int) -> bool:
        """Whether an edge may speak now."""
        return self._all[edge % len(self._all)].line is not None

    def send(self, edge: int, kind: Kind, seq: int, payload: bytes) -> None:
        """Send batch `seq` of an edge that may speak; the speaker hears when the broker has it."""
        shared = self._all[edge % len(self._all)]
        if shared.line is not None:
            mid = shared.line.publish(self._topic(edge, kind), payload)
            shared.sent[mid] = (edge, seq)

    async def _keep(self, shared: _Shared) -> None:
        delays = RETRY.delays(self._dice.uniform)
        while True:
            shared.connection += 1
            line = self._line(shared)
            try:
                async with self._door:
                    # Nobody here obeys, but a broker has to carry what edges are told.
                    await line.open(
                        [to_edge(self._tenant, self._names[edge]) for edge in shared.edges]
                    )
                delays = RETRY.delays(self._dice.uniform)
                await self._speak(shared, line)
            except NoLineError as error:
                self.trouble = str(error)
            finally:
                line.drop()
            await asyncio.sleep(next(delays))

    async def _speak(self, shared: _Shared, line: Line) -> None:
        """Let the edges speak for as long as the connection stands."""
        shared.line = line
        self.up += 1
        try:
            for edge in shared.edges:
                self._report(shared, line, edge, online=True)
                self._speaker.connected(edge, shared.connection)
            await line.over.wait()
        except asyncio.CancelledError:
            if not line.over.is_set():
                for edge in shared.edges:
                    self._report(shared, line, edge, online=False)
                line.close()
            raise
        finally:
            self.up -= 1
            shared.line = None
            shared.sent.clear()
        self.lost += 1
        self.trouble = line.why

    def _line(self, shared: _Shared) -> Line:
        # A broker takes one will for each connection: it is the first edge's.
        first = shared.edges[0]
        # An edge's own id where it has a connection of its own. The other is no edge's: names have no `_`.
        id_of = self._names[first] if len(shared.edges) == 1 else f"load_{shared.number}"
        return Line(
            self._broker,
            f"{self._tenant}_{id_of}",
            Will(
                topic=self._topic(first, Kind.STATUS),
                payload=self._speaker.status(first, shared.connection, online=False),
            ),
            hears=self._speaker.heard,
            taken=partial(self._taken, shared),
        )

    def _report(self, shared: _Shared, line: Line, edge: int, *, online: bool) -> None:
        status = self._speaker.status(edge, shared.connection, online=online)
        line.publish(self._topic(edge, Kind.STATUS), status, retain=True)

    def _taken(self, shared: _Shared, mid: int) -> None:
        sent = shared.sent.pop(mid, None)
        if sent is not None:
            self._speaker.taken(*sent)

    def _topic(self, edge: int, kind: Kind) -> str:
        return str(EdgeTopic(tenant=self._tenant, edge=self._names[edge], kind=kind))
