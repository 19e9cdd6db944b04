"""What the edges of many stores say, as batches in the order of their sealing.

The stores' customers are those of `shopbell-sim load`, and what seals is what its edges have; only the
clock is ours, so that minutes of many stores are ready before anything is measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.resend import SendRules
from shopbell_edge.core.units import Boottime
from shopbell_server.core.ids import EdgeId
from shopbell_server.usecases.intake.take import Message
from shopbell_sim.core.load_crowd import Crowd
from shopbell_sim.core.load_edge import LoadEdge
from shopbell_sim.load import events
from shopbell_sim.load.folder import edge_name
from shopbell_wire.messages import Ack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shopbell_sim.core.load_crowd import Size
    from shopbell_sim.load.folder import Known

STEP_MS: Final = 100
"""Between two looks at the edges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """One batch: of which store, how many events, and when it was sealed (Unix ms)."""

    store: int
    events: int
    at_ms: int
    message: Message


def stream(size: Size, people: Sequence[Known], began_ms: int) -> Iterator[Sealed]:
    """Yield batches for as long as asked; all edges begin at `began_ms`, and are answered at once."""
    known = {(each.store, each.person): each for each in people}
    dice = Random(7)
    boot = dice.randbytes(16).hex()
    edges = [
        LoadEdge(edge_name(store, edge), dice.randbytes(16).hex(), boot, SendRules())
        for store in range(size.stores)
        for edge in range(size.edges)
    ]
    for each in edges:
        each.connected(1, Boottime(0), 0.0)
    crowd = Crowd(size, 1 + max(each.person for each in people), Random(1), began_ms)
    due = dict.fromkeys(range(len(edges)), 0)
    now_ms = 0
    while True:
        now_ms += STEP_MS
        now = Boottime(now_ms)
        for told in crowd.until(began_ms + now_ms):
            number = told.store * size.edges + told.edge
            at = edges[number].hear(events.event(told, known[told.store, told.person]), now)
            due[number] = min(due.get(number, at), at)
        for number in [each for each, at in due.items() if at <= now_ms]:
            del due[number]
            edge = edges[number]
            for _, sealed in edge.turns(now, began_ms + now_ms, 0.5):
                yield Sealed(
                    store=number // size.edges,
                    events=sealed.events,
                    at_ms=began_ms + now_ms,
                    message=Message(edge=EdgeId(edge.name), payload=sealed.payload),
                )
                edge.taken(sealed.seq)
                edge.answered(_answer(edge.stream, sealed.seq, began_ms + now_ms), now)
            at_ms = edge.next_look(now)
            if at_ms is not None:
                due[number] = at_ms


def _answer(of: str, seq: int, now_ms: int) -> Ack:
    return Ack(stream=of, committed=((seq, seq),), refused=(), server_ms=now_ms)
