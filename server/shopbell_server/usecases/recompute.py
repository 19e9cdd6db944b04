"""Visits follow their evidence: computed anew wherever it changed.

Owns: loading the neighbourhood of a change, and writing what it makes of visits.
Never: the rules (`core.sessions`, `core.reconcile`), or a commit: callers have more to write.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from shopbell_server.core.consent import Purpose, active
from shopbell_server.core.handles import next_number
from shopbell_server.core.ids import FactId, Millis, VisitId
from shopbell_server.core.neighbourhood import neighbourhood
from shopbell_server.core.reconcile import Circumstances, reconcile
from shopbell_server.core.sessions import sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from shopbell_server.core.consent import Entry
    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.facts import Fact
    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.core.reconcile import Reconciled
    from shopbell_server.core.visit_rules import VisitRules
    from shopbell_server.ports import Entropy, UnitOfWork

Touched = tuple["PersonId", "StoreId"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """By which rules visits are made, and who is to hear of them."""

    rules: VisitRules
    sinks: tuple[str, ...]


def recompute(
    work: UnitOfWork,
    touched: Mapping[Touched, Sequence[Interval]],
    terms: Terms,
    around: Callable[[StoreId], Circumstances],
) -> list[Fact]:
    """Bring the visits of `touched` people (held by `work.people.lock`) up to their evidence.

    `touched` has the new intervals of each person and store; they are stored already. Returns what
    became true, for `tell`.
    """
    facts: list[Fact] = []
    for (person, store), intervals in sorted(touched.items()):
        touching = partial(work.visits.touching, person, store)
        span = neighbourhood(intervals, touching, terms.rules.widest_reach_ms)
        evidence = work.intervals.within(person, store, span.from_ms, span.to_ms)
        made = reconcile(person, store, span.visits, sessions(evidence, terms.rules), around(store))
        write(work, made)
        facts.extend(made.facts)
    return facts


def write(work: UnitOfWork, made: Reconciled) -> None:
    """Store what became of visits."""
    if made.removed:
        work.visits.remove(made.removed)
    if made.put:
        work.visits.put(made.put)


def tell(
    work: UnitOfWork,
    facts: Iterable[Fact],
    ledger: Mapping[PersonId, Sequence[Entry]],
    sinks: Collection[str],
    now_ms: Millis,
) -> None:
    """Queue `facts` for the sinks, those of people who let them be shared.

    Asked again at the moment of sending; what may not leave now is not even stored for it.
    """
    may_leave = [
        fact
        for fact in facts
        if active(ledger.get(fact.person, ()), Purpose.SHARE_WITH_CDP, now_ms)
    ]
    if may_leave and sinks:
        work.outgoing.add(may_leave, sinks, now_ms)


def circumstances(
    work: UnitOfWork,
    entropy: Entropy,
    store: StoreId,
    now_ms: Millis,
    *,
    live: bool,
    off_board_ms: int,
) -> Circumstances:
    """Return what a reconciliation in `store` needs from the world."""

    def new_handle() -> int:
        present = work.visits.present(store, Millis(now_ms - off_board_ms))
        taken = {visit.handle for visit in present}
        latest = max(present, key=lambda visit: visit.id, default=None)
        previous = 0 if latest is None else latest.handle
        # A hundred known guests at once: two of them share a number, and their zones tell them apart.
        return next_number(taken, previous) or next_number((), previous) or 1

    return Circumstances(
        now_ms=now_ms,
        live=live,
        new_visit=lambda: VisitId(entropy.uuid7(now_ms)),
        new_handle=new_handle,
        new_fact=lambda: FactId(entropy.uuid7(now_ms)),
        coverage=lambda _session: None,
    )
