"""Which stream of an edge came after which: two that came after the same one are of two machines.

Owns: what gives a copied card away that starts anew.
Never: one that goes on in the same stream; that is a conflict of two batches (`admission`).

A process says at its beginning which stream was the last that spoke from its spool. A spool that was lost or
set aside names none. A process that ended before it said anything left no trace in the spool, and none here.
So a stream is named once, unless its spool is there twice: by a copy, or because an older state of the card
was brought back under the same name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shopbell_wire.orders import RotateIdentity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shopbell_server.core.edges.orders import Ordered
    from shopbell_server.core.ids import EdgeId, Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """That `stream` of an edge began after `previous` had spoken."""

    edge: EdgeId
    previous: str
    stream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heir:
    """The first stream that said that it came after another, and when a second one was heard to say so."""

    stream: str
    cloned_ms: Millis | None


def heard(known: Heir, start: Start, now_ms: Millis) -> Heir:
    """Return what is known after `start`. It changes once at most: a third and a repetition are no news."""
    if known.cloned_ms is not None or known.stream == start.stream:
        return known
    return replace(known, cloned_ms=now_ms)


def is_settled(orders: Iterable[Ordered], cloned_ms: Millis) -> bool:
    """Return whether an edge has spoken anew by order of somebody who may know that it was two.

    The order is what an operator gives when the other machine has its own name; that is not to be seen from
    here, but a further copy is.
    """
    return any(
        isinstance(each.task, RotateIdentity)
        and each.issued_ms >= cloned_ms
        and each.answer is not None
        and each.answer.result == "done"
        for each in orders
    )
