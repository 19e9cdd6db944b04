"""Which visits are not shown although they could be: people in two stores at once, hints under a spray.

Owns: reading what `core.recognition.conflict` and `core.recognition.spray` decide by, from what is stored
and nothing else.
Never: the decisions. Every worker comes to the same ones, whoever took in what.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from shopbell_server.core.audit.chain import SERVER, Act, What
from shopbell_server.core.evidence import Evidence
from shopbell_server.core.ids import Millis
from shopbell_server.core.recognition.conflict import HIDDEN_MS, LONGEST_MS, Trace, conflict
from shopbell_server.core.recognition.spray import (
    WINDOW_MINUTES,
    doubted_until,
    hint_edges,
    minute_of,
    was_doubtful,
)
from shopbell_server.usecases.groups import evidence_of, groups_of, head_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.ids import EdgeId, PersonId, VisitId
    from shopbell_server.core.recognition.conflict import Conflict
    from shopbell_server.core.recognition.spray import Minutes
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.usecases.groups import Groups


def withheld(work: UnitOfWork, visits: Iterable[Visit], now_ms: Millis) -> Mapping[VisitId, Millis]:
    """Return which of `visits` are not shown at `now_ms`, and until when if nothing more is heard."""
    doubtful = [
        visit
        for visit in visits
        if visit.session.shown is not None
        and visit.session.evidence < Evidence.PASS
        and visit.session.end_ms >= now_ms - HIDDEN_MS - LONGEST_MS
    ]
    if not doubtful:
        return {}
    until: dict[VisitId, Millis] = {}
    counts = _counts(work, doubtful, now_ms)
    for visit in doubtful:
        sprayed_ms = doubted_until(visit, counts, now_ms)
        if sprayed_ms is not None:
            until[visit.id] = sprayed_ms
    persons = {visit.person for visit in doubtful}
    for each in conflicts(work, persons, Millis(now_ms - HIDDEN_MS - 2 * LONGEST_MS)):
        if each.until_ms > now_ms:
            for visit in each.hidden:
                until[visit.id] = max(until.get(visit.id, each.until_ms), each.until_ms)
    return until


def new_conflicts(
    work: UnitOfWork, intervals: Collection[Interval], now_ms: Millis, groups: Groups
) -> list[Conflict]:
    """Keep the conflicts in which people of `intervals`, which is new evidence, are; return unknown ones.

    Their visits were computed anew before, and the people are held: so each is new once, in one worker.
    """
    if not intervals:
        return []
    since_ms = Millis(min(each.key.first_ms for each in intervals) - LONGEST_MS)
    persons = {head_of(groups, each.key.person) for each in intervals}
    return [
        each
        for each in conflicts(work, persons, since_ms)
        if work.visits.first_conflict(each, now_ms)
    ]


def write_down(work: UnitOfWork, found: Iterable[Conflict], now_ms: Millis) -> None:
    """Write conflicts into the audit, each once for either visit. Said last of all: it holds the chain."""
    acts = [
        Act(
            at_ms=now_ms,
            actor=SERVER,
            what=What.TWO_STORES_AT_ONCE,
            person=mine.person,
            store=mine.store,
            about=mine.id,
            why=theirs.id,
        )
        for each in found
        for mine, theirs in ((each.one, each.other), (each.other, each.one))
    ]
    if acts:
        work.audit.note(acts)


def conflicts(
    work: UnitOfWork, persons: Collection[PersonId], since_ms: Millis
) -> Iterator[Conflict]:
    """Yield the conflicts between visits of each of `persons` that ended at `since_ms` or later.

    One question as a rule: next to nobody is in two stores within hours.
    """
    suspects = work.visits.in_several_stores(persons, since_ms)
    if not suspects:
        return
    stores = {store.id: store for store in work.registry.stores()}
    groups = groups_of(work, work.people.enrolments(suspects).values())
    for person in sorted(suspects):
        hers = [each for each in work.visits.of_person(person) if each.session.end_ms >= since_ms]
        counts = _counts(work, hers, None)
        traces = [_trace(work, visit, groups) for visit in hers if not was_doubtful(visit, counts)]
        for one, other in combinations(traces, 2):
            if one.visit.store != other.visit.store:
                where = stores[one.visit.store], stores[other.visit.store]
                found = conflict(one, other, where)
                if found is not None:
                    yield found


def _trace(work: UnitOfWork, visit: Visit, groups: Groups) -> Trace:
    session = visit.session
    when = session.start_ms, session.end_ms
    heard = evidence_of(work, [visit.person], groups, visit.store, *when).get(visit.person, ())
    return Trace(visit=visit, spans=[(each.key.first_ms, each.last_ms) for each in heard])


def _counts(
    work: UnitOfWork, visits: Sequence[Visit], now_ms: Millis | None
) -> Mapping[EdgeId, Minutes]:
    """Return how many tokens the edges of hints heard lately before `now_ms`; None: since these visits."""
    hinted = {visit.id: edges for visit in visits if (edges := hint_edges(visit))}
    if not hinted:
        return {}
    from_ms = now_ms
    if from_ms is None:
        from_ms = min(visit.session.start_ms for visit in visits if visit.id in hinted)
    edges = frozenset().union(*hinted.values())
    return work.edge_records.tokens(edges, minute_of(from_ms) - WINDOW_MINUTES + 1)
