"""What scanners say of their own hearing comes in, and what is known of it where visits are made.

Owns: keeping marks, whom a new one concerns, and the share of a stay that was listened to.
Never: what follows for her visits (`core.visits.sessions`, `recompute`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.dating import LATEST
from shopbell_server.core.edges.deafness import Mark, changed, coverage, ears_of
from shopbell_server.core.ids import EdgeId, Millis

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shopbell_server.core.edges.deafness import Ear, Scanner
    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.sessions import Session
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.usecases.recognition.heard import Heard


def keep_marks(work: UnitOfWork, heard: Heard, rules: VisitRules) -> list[Interval]:
    """Keep what scanners say of themselves; return the evidence whose visits that may change.

    Holds the edges of all of `heard` until the work ends, so it comes before anybody is held.
    """
    held = {each.edge.id: False for each in heard.sightings}
    held |= {each.edge.id: False for each in heard.passes}
    held |= {each.edge.id: False for each in heard.numbers}
    held |= {each.edge.id: True for each in heard.felt}
    work.scanners.hold(held)
    if not heard.felt:
        return []
    stores = {(each.edge.id, each.scanner): each.edge.store for each in heard.felt}
    marks = [
        Mark(each.edge.id, each.scanner, each.at_ms, each.state, each.reason) for each in heard.felt
    ]
    known = work.scanners.marks(stores.keys(), min(each.at_ms for each in marks), LATEST)
    work.scanners.add(marks)
    before, after = ears_of(known), ears_of([*known, *marks])
    touched: list[Interval] = []
    for scanner, store in sorted(stores.items()):
        change = changed(before[scanner].deaf if scanner in before else (), after[scanner].deaf)
        if change is not None:
            touched += work.intervals.heard_by(
                store,
                scanner,
                Millis(change.from_ms - rules.deaf_reach_ms),
                LATEST if change.to_ms is None else change.to_ms,
            )
    return touched


def ears(
    work: UnitOfWork, evidence: Iterable[Sequence[Interval]], to_ms: Millis
) -> Mapping[Scanner, Ear]:
    """Return what is known until `to_ms` of the scanners that gave `evidence`, from its beginning on.

    `evidence` is in order of time, each person's apart.
    """
    some = [intervals for intervals in evidence if intervals]
    if not some:
        return {}
    scanners = {(each.key.edge, each.key.scanner) for intervals in some for each in intervals}
    from_ms = min(intervals[0].key.first_ms for intervals in some)
    return ears_of(work.scanners.marks(scanners, from_ms, to_ms))


def ears_at(work: UnitOfWork, stays: Iterable[Session]) -> Mapping[Scanner, Ear]:
    """Return what is known of the scanners of `stays` in their time."""
    stays = tuple(stays)
    if not stays:
        return {}
    return ears_of(
        work.scanners.marks(
            {scanner for stay in stays for scanner in _scanners(stay)},
            min(stay.start_ms for stay in stays),
            max(stay.end_ms for stay in stays),
        )
    )


def listened(known: Mapping[Scanner, Ear], stay: Session) -> float | None:
    """Return the share of `stay` in which one of its scanners at least could hear, as far as is known."""
    its = [known[scanner] for scanner in _scanners(stay) if scanner in known]
    return coverage(its, stay.start_ms, stay.end_ms)


def _scanners(stay: Session) -> list[Scanner]:
    return [(EdgeId(edge), scanner) for edge, scanner in stay.scanners]
