"""Which batches came, and what an edge said of its time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.ids import EdgeId, Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchKey:
    """Names a batch for ever: the stream is random per process start of the edge."""

    edge: EdgeId
    stream: str
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRecord:
    """That a batch was taken. `sha256` is of the bytes as sent."""

    key: BatchKey
    sha256: bytes
    received_ms: Millis


Stream = tuple["EdgeId", str]
"""An edge and the name of one of its streams."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A moment at which a boot of an edge knew the time, to within `err_ms`."""

    edge: EdgeId
    boot: str
    boottime_ms: int
    wall_ms: Millis
    err_ms: int


class Batches(Protocol):
    """Remembers which batches were taken in, so that each has its effect once."""

    def hashes(self, keys: Collection[BatchKey]) -> Mapping[BatchKey, bytes]:
        """Return the recorded SHA-256 of those keys that are known."""
        ...

    def record(self, records: Sequence[BatchRecord]) -> None:
        """Add new ones. Raises DatabaseBusyError if a key is known: another worker was quicker."""
        ...

    def quarantine(self, record: BatchRecord, payload: bytes, reason: str) -> None:
        """Set a batch aside for a person to look at: it had no effect. The same bytes count once."""
        ...

    def ranges(self, streams: Collection[Stream], now_ms: Millis) -> Mapping[Stream, str]:
        """Return the ranges of sequence numbers of each stream, as `core.edges.stream_ranges` writes them.

        "" for a new one. They are held until the unit of work ends, taken in the order of their names:
        whoever wants to extend them too waits, and then sees what was made of them here.
        """
        ...

    def put_ranges(self, ranges: Mapping[Stream, str], now_ms: Millis) -> None:
        """Replace those of streams that `ranges` holds."""
        ...

    def last_received(self) -> Mapping[EdgeId, Millis]:
        """Return when each edge's latest batch was taken in; edges that never sent one are left out."""
        ...

    def broken_streams(self) -> Mapping[Stream, str]:
        """Return the ranges of every stream in which something is missing."""
        ...

    def anchors(self, boots: Collection[tuple[EdgeId, str]]) -> Mapping[tuple[EdgeId, str], Anchor]:
        """Return the anchors of those boots that have one."""
        ...

    def put_anchor(self, anchor: Anchor) -> None:
        """Keep the best anchor of a boot: a later one is ignored unless it is off by less."""
        ...
