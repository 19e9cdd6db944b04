"""How edges do: by what they say of themselves, and by what came in from them.

Owns: what is read for it, and which one word says it.
Never: asking the broker (`ports.edge_line`), or anything about a customer: people are counts here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from shopbell_server.core.edges.deafness import CLOSED
from shopbell_server.core.edges.lineage import is_settled
from shopbell_server.core.edges.stream_ranges import count, from_text, missing
from shopbell_server.core.ids import EdgeId, Millis

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.core.edges.deafness import Scanner
    from shopbell_server.core.edges.orders import Ordered
    from shopbell_server.core.ids import StoreId
    from shopbell_server.core.registry import Edge
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_wire.messages import Status

Health = Literal["well", "deaf", "offline", "unknown", "inactive"]
"""`deaf`: online, and one of its scanners does not hear, or is not sure that it does. `unknown`: it never
said anything, or the broker cannot be asked."""

NOW_MS: Final = 60_000
"""Heard within the last minute: an edge reports who stays every 30 s."""

ORDERS_READ: Final = 1_000
"""Of an edge that is two: in how many of its latest orders the one to speak anew is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerNow:
    """One scanner: whether it hears, by its own word, and how many customers it heard within a minute."""

    name: str
    kind: str
    state: str
    reason: str
    customers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeNow:
    """How an edge of the registry does."""

    edge: Edge
    health: Health
    since_ms: Millis | None
    """Since when it is online, or until when it surely was; None where its clock is no help."""
    version: str
    scanners: Sequence[ScannerNow]
    last_batch_ms: Millis | None
    missing: int
    """Batches that it numbered and that have not come."""
    given_up: Mapping[str, int]
    """Events that it had to give up since it is known, by reason."""
    cloned_ms: Millis | None
    """When it was found to be two machines, if nobody saw to that since."""
    latest: Ordered | None


def edges_now(
    work: UnitOfWork, statuses: Mapping[EdgeId, Status] | None, now_ms: Millis
) -> Sequence[EdgeNow]:
    """Return how every edge of the registry does, by name.

    `statuses` is what they said last; None: the broker cannot be asked.
    """
    edges = work.registry.edges()
    heard = _heard(work, {each.store for each in edges.values()}, now_ms)
    last, latest = work.batches.last_received(), work.orders.latest()
    gaps = Counter[EdgeId]()
    for (broken, _), ranges in work.batches.broken_streams().items():
        gaps[broken] += count(missing(from_text(ranges)))
    losses, cloned = work.edge_records.losses(), work.edge_records.cloned()
    found = []
    for name, edge in sorted(edges.items()):
        status = (statuses or {}).get(name)
        found.append(
            EdgeNow(
                edge=edge,
                health=health_of(edge, status),
                since_ms=None if status is None else since_ms(status),
                version="" if status is None else status.version,
                scanners=_scanners(name, status, heard),
                last_batch_ms=last.get(name),
                missing=gaps[name],
                given_up=losses.get(name, {}),
                cloned_ms=_unsettled(work, name, cloned.get(name)),
                latest=latest.get(name),
            )
        )
    return found


def health_of(edge: Edge, status: Status | None) -> Health:
    """Return the one word that says how it does."""
    if not edge.active:
        return "inactive"
    if status is None:
        return "unknown"
    if status.state == "offline":
        return "offline"
    hears = all(each.state == "hearing" or each.reason == CLOSED for each in status.scanners)
    return "well" if hears else "deaf"


def since_ms(status: Status) -> Millis | None:
    """Return since when it is online, or until when it surely was; None where its clock is no help."""
    if status.clock.state == "unsynced":
        return None
    if status.state == "offline":
        return Millis(status.clock.wall_ms)
    return Millis(status.since_ms) if isinstance(status.since_ms, int) else None


def _unsettled(work: UnitOfWork, edge: EdgeId, at_ms: Millis | None) -> Millis | None:
    if at_ms is None or is_settled(work.orders.of(edge, ORDERS_READ), at_ms):
        return None
    return at_ms


def _heard(work: UnitOfWork, stores: set[StoreId], now_ms: Millis) -> Counter[Scanner]:
    people = {
        (each.key.edge, each.key.scanner, each.key.person)
        for store in sorted(stores)
        for each in work.intervals.heard_since(store, Millis(now_ms - NOW_MS))
    }
    return Counter((edge, scanner) for edge, scanner, _ in people)


def _scanners(edge: EdgeId, status: Status | None, heard: Counter[Scanner]) -> Sequence[ScannerNow]:
    if status is None:
        return ()
    return [
        ScannerNow(
            name=each.scanner,
            kind=each.kind,
            state=each.state,
            reason=each.reason if isinstance(each.reason, str) else "",
            customers=heard[edge, each.scanner],
        )
        for each in status.scanners
    ]
