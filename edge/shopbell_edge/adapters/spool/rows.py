"""Events as the spool's tables hold them.

Owns: what a row says of an event without unpacking it, and how much room it takes.
Never: SQL (`batches`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from shopbell_edge.core.batching import is_scan, urgent
from shopbell_wire.messages import Presence

if TYPE_CHECKING:
    from shopbell_wire.messages import Clock, Event


@dataclass(frozen=True, slots=True)
class Row:
    """An event on its way into the tables."""

    urgent: bool
    scan: bool
    event: Event
    clock: Clock
    body: bytes

    @property
    def presence(self) -> bool:
        """Return whether it gives way to others where room is short."""
        return isinstance(self.event, Presence)

    @property
    def size_bytes(self) -> int:
        """Return what it takes, with its other columns and a fifth for half-filled pages."""
        return (len(self.body) + 80) * 6 // 5


def row(event: Event, clock: Clock) -> Row:
    """Return `event` as it is stored."""
    body = msgspec.json.encode(event)
    return Row(urgent(event), is_scan(event), event, clock, body)
