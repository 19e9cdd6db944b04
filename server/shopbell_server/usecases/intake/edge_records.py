"""Batches say what their edge gave up, and which stream it came after.

Owns: counting that once, and noticing an edge that is two.
Never: visits. Whatever it finds is for the operator.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shopbell_server.core.edges.lineage import Start, heard
from shopbell_server.core.edges.losses import counted
from shopbell_wire.messages import StreamStarted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from shopbell_server.core.ids import EdgeId, Millis
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.usecases.recognition.listen import Batch


@dataclass(slots=True, kw_only=True)
class Noted:
    """What is news of edges: what they gave up, by reason, and which are two."""

    given_up: dict[EdgeId, Counter[str]] = field(default_factory=dict)
    cloned: set[EdgeId] = field(default_factory=set)


def note(work: UnitOfWork, fresh: Sequence[Batch], now_ms: Millis) -> Noted:
    """Keep what `fresh` batches, which no other unit of work takes too, say of their edges.

    Rows of edges are held from here on, so it comes last.
    """
    noted = Noted()
    for batch in fresh:
        counts = counted(batch.received.dropped)
        if counts:
            noted.given_up.setdefault(batch.edge.id, Counter()).update(counts)
    starts = sorted(_starts(fresh), key=lambda each: (each.edge, each.previous, each.stream))
    if starts:
        known = dict(work.edge_records.heirs(starts))
        for start in starts:
            lineage = (start.edge, start.previous)
            before = known[lineage]
            known[lineage] = heard(before, start, now_ms)
            if known[lineage] != before:
                noted.cloned.add(start.edge)
        if noted.cloned:
            work.edge_records.put_heirs(known)
    if noted.given_up:
        work.edge_records.add_losses(
            {
                (edge, reason): count
                for edge, counts in noted.given_up.items()
                for reason, count in counts.items()
            },
            now_ms,
        )
    return noted


def _starts(fresh: Iterable[Batch]) -> Iterator[Start]:
    for batch in fresh:
        for _, event in batch.received.events:
            if isinstance(event, StreamStarted) and event.previous is not None:
                yield Start(
                    edge=batch.edge.id, previous=event.previous, stream=batch.received.stream
                )
