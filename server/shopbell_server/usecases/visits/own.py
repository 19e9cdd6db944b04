"""What follows from one person's own evidence, leaving out that of people who are joined with her.

Owns: her own stays, deleting those that are too short for a visit, and the visits that she is told of while
she is joined.
Never: another member's evidence: a join may be wrong, and must tell nobody where somebody else was.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shopbell_server.core.edges.deafness import deafness_of
from shopbell_server.core.ids import Millis
from shopbell_server.core.visits.places import counted, sessions_at
from shopbell_server.core.visits.purchases import bought, early_ms
from shopbell_server.core.visits.stretches import Stretch
from shopbell_server.usecases.groups import NONE, groups_of, places_of
from shopbell_server.usecases.recognition.hearing import ears
from shopbell_server.usecases.visits.traces import forget_within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.sessions import Session
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.core.zones.found import Place
    from shopbell_server.ports.database import UnitOfWork


def forget_candidates(  # noqa: PLR0913  (whose, where, from when to when, by what)
    work: UnitOfWork,
    person: PersonId,
    store: StoreId,
    from_ms: Millis,
    to_ms: Millis,
    rules: VisitRules,
    *,
    due_by_ms: Millis | None = None,
    unless_visited_by: PersonId | None = None,
) -> list[Stretch]:
    """Delete her evidence in [from_ms, to_ms] that would be no visit if she were alone; return when it was.

    `due_by_ms`: only what was due by then. `unless_visited_by`: not what is in a visit or candidate of that
    person. What is deleted must not depend on whom she is joined with: otherwise parting would not give the
    visits that she would have had alone.
    """
    around_ms = rules.longest_ms + rules.widest_reach_ms
    evidence = work.intervals.within(
        person, store, Millis(from_ms - around_ms), Millis(to_ms + around_ms)
    )
    candidates = [
        Stretch(session.start_ms, session.end_ms)
        for session in _sessions(work, evidence, rules)
        if session.kind == "candidate"
        and session.start_ms <= to_ms
        and session.end_ms >= from_ms
        and (due_by_ms is None or session.due_ms < due_by_ms)
    ]
    forgotten = [
        each
        for each in candidates
        if unless_visited_by is None or not work.visits.touching(unless_visited_by, store, *each)
    ]
    for first_ms, last_ms in forgotten:
        forget_within(work, person, store, first_ms, last_ms)
    return forgotten


def own_visits(work: UnitOfWork, person: PersonId, rules: VisitRules) -> Sequence[Visit]:
    """Return her visits and candidates, earliest first, as far as her own evidence tells.

    Who is alone has hers. Of a visit of people who are joined she is told the stays in which she herself was
    heard, each under the visit's id and state; what she bought is what her own card was read for. Of a visit
    in which she was not heard, nothing.
    """
    enrolment = work.people.enrolments([person])[person]
    group = groups_of(work, [enrolment]).get(person)
    if group is None:
        return work.visits.of_person(person)
    found: list[Visit] = []
    for visit in work.visits.of_person(group.head):
        when = visit.session.start_ms, visit.session.end_ms
        hers = group.counted(work.intervals.within(person, visit.store, *when))
        inside = [each for each in hers if each.key.first_ms <= when[1] and each.last_ms >= when[0]]
        found_at = places_of(work, [person], NONE, visit.store, *when).get(person, ())
        stays = _sessions(work, inside, rules, counted(found_at, group.spans))
        purchases = work.receipts.purchases_each(
            [person], visit.store, Millis(when[0] - early_ms(rules)), visit.session.reach_ms
        )
        converted = bought(filter(group.covers, purchases.get(person, ())), stays, rules)
        found += [
            replace(
                visit,
                person=person,
                converted=stay.start_ms in converted,
                session=replace(stay, kind=visit.session.kind),
            )
            for stay in stays
        ]
    return found


def _sessions(
    work: UnitOfWork,
    evidence: Sequence[Interval],
    rules: VisitRules,
    places: Sequence[Place] = (),
) -> tuple[Session, ...]:
    """Return the stays of `evidence`, all of one person in one store, in order of time."""
    if not evidence:
        return ()
    last_ms = max(each.last_ms for each in evidence)
    known = ears(work, [evidence], Millis(last_ms + rules.widest_reach_ms))
    return sessions_at(evidence, places, rules, deafness_of(known))
