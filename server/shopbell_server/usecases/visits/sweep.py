"""Time passes: visits end, candidates are forgotten, without anything being heard.

Owns: closing what is due, a limited number at a time, each in a transaction of its own people.
Never: when something is due (`core.visits.ending`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from shopbell_server.core.visits.ending import swept
from shopbell_server.usecases.groups import groups_of, head_of, ledgers, members_of
from shopbell_server.usecases.recognition.hearing import ears_at, listened
from shopbell_server.usecases.visits.own import forget_candidates
from shopbell_server.usecases.visits.recompute import circumstances, tell, write
from shopbell_server.usecases.visits.traces import forget_within

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shopbell_server.core.facts import Fact
    from shopbell_server.core.ids import Millis, PersonId, StoreId
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import Database, UnitOfWork
    from shopbell_server.ports.visits import Due
    from shopbell_server.ports.world import Entropy
    from shopbell_server.usecases.groups import Groups
    from shopbell_server.usecases.visits.recompute import Terms

LIMIT: Final = 200
"""Visits of one transaction: more would keep edges waiting for their answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """How much was closed, who changed in which store, and what was looked at last if there may be more."""

    closed: int
    changed: Mapping[StoreId, frozenset[PersonId]]
    last: Due | None


def sweeps(
    database: Database, entropy: Entropy, terms: Terms, now_ms: Millis, *, limit: int = LIMIT
) -> Iterator[Swept]:
    """Close all that is due at `now_ms`, at most `limit` in a transaction, each of which is an item.

    Each looks at what comes behind the last: what cannot be closed yet (its zones are not found, somebody
    else holds its people) stays due, and would hide the others, however many it is.
    """
    after: Due | None = None
    while True:
        swept_now = sweep(database, entropy, terms, now_ms, after=after, limit=limit)
        yield swept_now
        after = swept_now.last
        if after is None:
            return


def sweep(
    database: Database,
    entropy: Entropy,
    terms: Terms,
    now_ms: Millis,
    *,
    after: Due | None = None,
    limit: int = LIMIT,
) -> Swept:
    """Close what is due at `now_ms`, at most `limit`, behind `after`; any process may, at any time.

    Several share the work: each takes what is due of people whom no other holds, and waits for none.
    """
    with database.begin() as work:
        claimed = work.visits.claim_due(now_ms, limit, after)
        groups, held = _whole_groups(work, frozenset(each.person for each in claimed))
        mine = [each.visit for each in claimed if each.person in held]
        # Read now that they are held: who had them before us may have changed them.
        due = work.visits.still_due(mine, now_ms)
        ledger = ledgers(work, held, groups)
        known = ears_at(work, (visit.session for visit in due))
        facts: list[Fact] = []
        closed = 0
        unsettled = _unsettled(work, due, groups)
        for visit in due:
            if visit.state == "open" and (visit.person, visit.store) in unsettled:
                continue  # it is told with the zones in which she was, and these are not found yet
            around = circumstances(
                work,
                entropy,
                visit.store,
                now_ms,
                live=True,
                rules=terms.rules,
            )
            around = replace(around, coverage=lambda stay: listened(known, stay))
            made = swept(visit, terms.rules, around)
            write(work, [made])
            facts += made.facts
            closed += bool(made.put or made.removed)
            if visit.id in made.removed:
                _forget(work, visit, groups, terms.rules, now_ms)
        tell(work, facts, ledger, terms.sinks, now_ms)
        work.commit()
    changed = {
        store: frozenset(visit.person for visit in due if visit.store == store)
        for store in {visit.store for visit in due}
    }
    last = claimed[-1] if len(claimed) == limit else None
    return Swept(closed=closed, changed=changed, last=last)


def _unsettled(
    work: UnitOfWork, due: Sequence[Visit], groups: Groups
) -> frozenset[tuple[PersonId, StoreId]]:
    """Return under whose ids, and in which stores, it is still to be found where somebody was."""
    planned = work.floor_plans.versions()
    persons = [
        person
        for visit in due
        if visit.store in planned
        for person in members_of(groups, visit.person)
    ]
    found = work.places.unsettled_of(persons) if persons else ()
    return frozenset((head_of(groups, each.person), each.store) for each in found)


def _whole_groups(
    work: UnitOfWork, persons: frozenset[PersonId]
) -> tuple[Groups, frozenset[PersonId]]:
    """Return the groups of `persons`, who are held, and those of them whose whole groups are held."""
    enrolments = work.people.enrolments(persons)
    groups = groups_of(work, enrolments.values())
    others = groups.keys() - persons
    if not others:
        return groups, persons
    held = persons | work.people.lock_free(others).keys()
    # Once more: what the others allow may have changed until they were held.
    groups = groups_of(work, enrolments.values())
    return groups, frozenset(
        each for each in persons if each not in groups or held.issuperset(groups[each].persons)
    )


def _forget(
    work: UnitOfWork, visit: Visit, groups: Groups, rules: VisitRules, now_ms: Millis
) -> None:
    """Forget what a candidate was made of; of people who are joined, what was a candidate of each alone."""
    when = (visit.session.start_ms, visit.session.end_ms)
    if visit.person in groups:
        for person in groups[visit.person].persons:
            forget_candidates(work, person, visit.store, *when, rules, due_by_ms=now_ms)
        return
    forget_within(work, visit.person, visit.store, *when)
