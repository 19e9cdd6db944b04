"""Visits follow their evidence: computed anew wherever it changed.

Owns: loading the neighbourhood of a change, and writing what it makes of visits.
Never: the rules (`core.visits.sessions`, `core.visits.reconcile`), or a commit: callers have more to write.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from shopbell_server.core.board.handles import next_number
from shopbell_server.core.consent.ledger import may_share
from shopbell_server.core.edges.deafness import deafness_of
from shopbell_server.core.ids import FactId, Millis, VisitId
from shopbell_server.core.visits.neighbourhood import neighbourhoods, overlapping
from shopbell_server.core.visits.places import sessions_at
from shopbell_server.core.visits.purchases import bought, early_ms, reach_ms
from shopbell_server.core.visits.reconcile import Circumstances, Reconciled, reconcile
from shopbell_server.usecases.groups import evidence_of, places_of, purchases_of
from shopbell_server.usecases.recognition.hearing import ears, ears_at, listened
from shopbell_server.usecases.visits.going_on import visits_gone_on

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from shopbell_server.core.consent.ledger import Entry
    from shopbell_server.core.edges.deafness import Ear, Scanner
    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.facts import Fact
    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.core.visits.neighbourhood import Neighbourhood
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.core.zones.found import Place
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy
    from shopbell_server.usecases.groups import Groups
    from shopbell_server.usecases.visits.going_on import Before

Touched = tuple["PersonId", "StoreId"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """All of one person's time in a store that a change may touch."""

    visits: Sequence[Visit]
    evidence: Sequence[Interval]
    places: Sequence[Place]
    purchases: Sequence[Millis]
    ears: Mapping[Scanner, Ear]
    """What is known of the scanners that gave the evidence."""


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
    groups: Groups,
    before: Before = MappingProxyType({}),
) -> list[Fact]:
    """Bring the visits of `touched` people (held by `work.people.lock`) up to their evidence.

    `touched` has the new intervals of each person and store; they are stored already. Those of people who
    are joined stand under the head, and all of the group are held. `before` has those that were stored before
    as they were; none where the visits may have changed for another reason. Returns what became true, for
    `tell`.
    """
    by_store: dict[StoreId, dict[PersonId, Sequence[Interval]]] = {}
    for (person, store), intervals in sorted(touched.items()):
        by_store.setdefault(store, {})[person] = intervals
    facts: list[Fact] = []
    for store, people in by_store.items():
        went_on = visits_gone_on(work, store, people, before, terms.rules, groups)
        others = {person: new for person, new in people.items() if person not in went_on}
        near = _near(work, store, others, terms.rules)
        made = [Reconciled(put=(now,)) for stored, now in went_on.values() if now is not stored]
        made += recomputed(work, store, near, terms.rules, around(store), groups)
        write(work, made)
        facts += [fact for each in made for fact in each.facts]
    return facts


def recomputed(
    work: UnitOfWork,
    store: StoreId,
    near: Mapping[PersonId, Neighbourhood],
    rules: VisitRules,
    around: Circumstances,
    groups: Groups,
) -> Iterator[Reconciled]:
    """Yield what becomes of each person's visits in her neighbourhood, which is whole; nothing is written."""
    for person, known in _known(work, store, near, rules, groups):
        yield _reconciled(person, store, known, rules, around)


def write(work: UnitOfWork, made: Sequence[Reconciled]) -> None:
    """Store what became of visits."""
    removed = [visit for each in made for visit in each.removed]
    put = [visit for each in made for visit in each.put]
    if removed:
        work.visits.remove(removed)
    if put:
        work.visits.put(put)


def tell(
    work: UnitOfWork,
    facts: Iterable[Fact],
    ledger: Mapping[PersonId, Sequence[Entry]],
    sinks: Collection[str],
    now_ms: Millis,
) -> None:
    """Queue `facts` for the sinks, those of people who let them be shared when they happened and now.

    Asked again at the moment of sending; what may not leave now is not even stored for it.
    """
    if not sinks:
        return
    may_leave = [
        fact for fact in facts if may_share(ledger.get(fact.person, ()), fact.at_ms, now_ms)
    ]
    if may_leave:
        work.outgoing.add(may_leave, sinks, now_ms)


def circumstances(
    work: UnitOfWork,
    entropy: Entropy,
    store: StoreId,
    now_ms: Millis,
    *,
    live: bool,
    rules: VisitRules,
) -> Circumstances:
    """Return what a reconciliation in `store` needs from the world, for as long as `work` lasts."""
    given: list[int] = []
    taken: set[int] = set()

    def new_handle() -> int:
        # Who is here is asked once; those who come from here on are remembered.
        if not given:
            here = work.visits.handles(store, Millis(now_ms - rules.off_board_ms))
            taken.update(here)
            given.extend(here or (0,))
        # A hundred known guests at once: two of them share a number, and their zones tell them apart.
        handle = next_number(taken, given[-1]) or next_number((), given[-1]) or 1
        taken.add(handle)
        given.append(handle)
        return handle

    return Circumstances(
        now_ms=now_ms,
        live=live,
        new_visit=lambda: VisitId(entropy.uuid7(now_ms)),
        new_handle=new_handle,
        new_fact=lambda: FactId(entropy.uuid7(now_ms)),
        coverage=lambda stay: listened(ears_at(work, [stay]), stay),
    )


def _reconciled(
    person: PersonId, store: StoreId, known: _Known, rules: VisitRules, around: Circumstances
) -> Reconciled:
    stays = sessions_at(known.evidence, known.places, rules, deafness_of(known.ears))
    around = replace(around, coverage=lambda stay: listened(known.ears, stay))
    return reconcile(
        person, store, known.visits, stays, bought(known.purchases, stays, rules), around
    )


def _near(
    work: UnitOfWork,
    store: StoreId,
    people: Mapping[PersonId, Sequence[Interval]],
    rules: VisitRules,
) -> Mapping[PersonId, Neighbourhood]:
    """Return how far the change of each person's evidence reaches, and the stored visits there."""
    return neighbourhoods(
        people,
        lambda persons, from_ms, to_ms: work.visits.touching_each(persons, store, from_ms, to_ms),
        reach_ms(rules),
    )


def _known(
    work: UnitOfWork,
    store: StoreId,
    near: Mapping[PersonId, Neighbourhood],
    rules: VisitRules,
    groups: Groups,
) -> Iterator[tuple[PersonId, _Known]]:
    """Yield of each person all there is to know of her neighbourhood."""
    for span, persons in overlapping(near):
        when = span.first_ms, span.last_ms
        evidence = evidence_of(work, persons, groups, store, *when)
        places = places_of(work, persons, groups, store, *when)
        purchases = purchases_of(
            work,
            persons,
            groups,
            store,
            Millis(span.first_ms - early_ms(rules)),
            Millis(span.last_ms + rules.widest_reach_ms),
        )
        known = ears(work, evidence.values(), Millis(span.last_ms + rules.widest_reach_ms))
        for person in sorted(persons):
            hers = near[person]
            yield (
                person,
                _Known(
                    visits=hers.visits,
                    evidence=_within(evidence.get(person, ()), hers),
                    places=places.get(person, ()),
                    purchases=purchases.get(person, ()),
                    ears=known,
                ),
            )


def _within(intervals: Iterable[Interval], span: Neighbourhood) -> list[Interval]:
    return [
        each
        for each in intervals
        if each.key.first_ms <= span.to_ms and each.last_ms >= span.from_ms
    ]
