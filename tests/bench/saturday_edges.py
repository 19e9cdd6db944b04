"""What edges of a simulated day tell, in the batches in which a real one would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_wire import codec
from shopbell_wire.messages import MAX_EVENTS, Batch, StreamStarted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shopbell_sim.core.day.edge import DayEdge
    from shopbell_wire.messages import Event


class Stream:
    """Of one edge, from its beginning on."""

    def __init__(self, name: str, edge: DayEdge) -> None:
        self.name = name
        self._edge = edge
        self._stream = name.encode().hex().ljust(32, "0")[:32]
        self._seq = 0
        self._waiting: list[Event] = [
            StreamStarted(previous=None, previous_last_seq=None, software="bench")
        ]

    def add(self, events: Iterable[Event]) -> None:
        self._waiting += events

    def batches(self, at_s: float) -> list[bytes]:
        """Return what waits, in the bytes in which it is sent."""
        sent = []
        while self._waiting:
            part, self._waiting = self._waiting[:MAX_EVENTS], self._waiting[MAX_EVENTS:]
            self._seq += 1
            batch = Batch(
                edge=self.name,
                stream=self._stream,
                seq=self._seq,
                clock=self._edge.clock(at_s),
                dropped={},
                events=tuple(part),
            )
            sent.append(codec.encode(batch))
        return sent
