"""End somebody's presence at the moment at which she withdrew.

Owns: what becomes of her evidence and visits.
Never: whether she withdrew (`consents`), or telling anybody: nobody may be told any more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shopbell_server.core.edges.deafness import deafness_of
from shopbell_server.core.ids import Millis
from shopbell_server.core.visits.neighbourhood import neighbourhood
from shopbell_server.core.visits.places import sessions_at
from shopbell_server.core.visits.purchases import bought, early_ms, reach_ms
from shopbell_server.usecases.groups import NONE, places_of
from shopbell_server.usecases.recognition.hearing import ears
from shopbell_server.usecases.visits.traces import forget_from, forget_within

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.sessions import Session
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import UnitOfWork


def end_presence(
    work: UnitOfWork, person: PersonId, at_ms: Millis, rules: VisitRules
) -> frozenset[StoreId]:
    """Leave nothing of `person` from `at_ms` on; return the stores in which that changed something.

    The caller holds her lock. Visits that were under way are over and end with their last evidence
    before `at_ms`; those without any, and candidates, are gone with theirs.
    """
    under_way = [
        visit
        for visit in work.visits.of_person(person)
        if visit.state != "ended" or visit.session.end_ms >= at_ms
    ]
    forget_from(work, person, at_ms)
    stores = frozenset(visit.store for visit in under_way)
    for store in stores:
        _end_in(work, person, store, [each for each in under_way if each.store == store], rules)
    return stores


def _end_in(
    work: UnitOfWork,
    person: PersonId,
    store: StoreId,
    under_way: Sequence[Visit],
    rules: VisitRules,
) -> None:
    stays = _left(work, person, store, under_way, rules)
    left = {session.start_ms: session for session in stays}
    converted = _converted(work, person, store, stays, rules)
    for visit in under_way:
        start_ms = visit.session.start_ms
        session = left.get(start_ms)
        if session is not None and visit.state != "candidate" and session.kind == "visit":
            work.visits.put(
                [replace(visit, state="ended", converted=start_ms in converted, session=session)]
            )
            continue
        work.visits.remove([visit.id])
        forget_within(work, person, store, start_ms, visit.session.end_ms)


def _converted(
    work: UnitOfWork,
    person: PersonId,
    store: StoreId,
    stays: Sequence[Session],
    rules: VisitRules,
) -> frozenset[Millis]:
    """Return the beginnings of those `stays` in which she bought something before she withdrew."""
    if not stays:
        return frozenset()
    from_ms = Millis(stays[0].start_ms - early_ms(rules))
    to_ms = Millis(stays[-1].end_ms + rules.widest_reach_ms)
    purchases = work.receipts.purchases_each([person], store, from_ms, to_ms)
    return bought(purchases.get(person, ()), stays, rules)


def _left(
    work: UnitOfWork,
    person: PersonId,
    store: StoreId,
    under_way: Iterable[Visit],
    rules: VisitRules,
) -> tuple[Session, ...]:
    """Return the sessions that what is left amounts to, all pieces of a long stay included."""
    evidence = [
        interval
        for visit in under_way
        for interval in work.intervals.within(
            person, store, visit.session.start_ms, visit.session.end_ms
        )
    ]
    if not evidence:
        return ()
    around = neighbourhood(
        evidence,
        lambda from_ms, to_ms: work.visits.touching(person, store, from_ms, to_ms),
        reach_ms(rules),
    )
    left = work.intervals.within(person, store, around.from_ms, around.to_ms)
    known = ears(work, [left], Millis(around.to_ms + rules.widest_reach_ms))
    when = around.from_ms, around.to_ms
    places = places_of(work, [person], NONE, store, *when).get(person, ())
    return sessions_at(left, places, rules, deafness_of(known))
