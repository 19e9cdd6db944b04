"""Visits that only go on are brought up to their evidence without reading all of it back.

Owns: asking whether anything but that may be so (`core.visits.going_on` says what is asked).
Never: what follows for a visit; writing it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.edges.deafness import deafness_of, ears_of
from shopbell_server.core.ids import EdgeId, Millis
from shopbell_server.core.visits.going_on import Told, gone_on
from shopbell_server.core.visits.purchases import early_ms, reach_ms
from shopbell_server.usecases.groups import NONE, places_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shopbell_server.core.evidence import Interval, IntervalKey
    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.usecases.groups import Groups

    Before = Mapping[IntervalKey, Interval]
    """Stays as they were stored before anything was joined with them."""


def visits_gone_on(
    work: UnitOfWork,
    store: StoreId,
    people: Mapping[PersonId, Sequence[Interval]],
    before: Before,
    rules: VisitRules,
    groups: Groups,
) -> Mapping[PersonId, tuple[Visit, Visit]]:
    """Return the visits, as stored and as they are now, of those of `people` of whom no more is to be known.

    `people` have the new intervals of each, which are joined with `before` already.
    """
    told = {
        person: [Told(before[each.key], each) for each in new]
        for person, new in people.items()
        if person not in groups and all(each.key in before for each in new)
    }
    found = {
        person: (visit, now)
        for person, visit in _only_visits(work, store, told, reach_ms(rules)).items()
        if (now := gone_on(visit, told[person], rules)) is not None
    }
    if not found:
        return {}
    others = _not_plain(work, store, [now for _, now in found.values()], rules)
    return {person: visits for person, visits in found.items() if person not in others}


def _only_visits(
    work: UnitOfWork, store: StoreId, told: Mapping[PersonId, Sequence[Told]], reach_ms: int
) -> Mapping[PersonId, Visit]:
    """Return the visit of each of these people who has one alone within reach of what is told."""
    if not told:
        return {}
    spans = {
        person: (
            min([each.report.key.first_ms for each in hers]) - reach_ms,
            max([each.report.last_ms for each in hers]) + reach_ms,
        )
        for person, hers in told.items()
    }
    stored = work.visits.touching_each(
        told.keys(),
        store,
        Millis(min([from_ms for from_ms, _ in spans.values()])),
        Millis(max([to_ms for _, to_ms in spans.values()])),
    )
    found: dict[PersonId, Visit] = {}
    for person, visits in stored.items():
        from_ms, to_ms = spans[person]
        near = [
            each
            for each in visits
            if each.session.start_ms <= to_ms and each.session.end_ms >= from_ms
        ]
        if len(near) == 1:
            found[person] = near[0]
    return found


def _not_plain(
    work: UnitOfWork, store: StoreId, visits: Sequence[Visit], rules: VisitRules
) -> frozenset[PersonId]:
    """Return who of those whose `visits` are these bought something, was found somewhere, or went unheard."""
    persons = [each.person for each in visits]
    from_ms = min([each.session.start_ms for each in visits])
    last_ms = max([each.session.end_ms for each in visits])
    until_ms = Millis(last_ms + rules.widest_reach_ms)
    bought = work.receipts.purchases_each(
        persons, store, Millis(from_ms - early_ms(rules)), until_ms
    )
    found = places_of(work, persons, NONE, store, from_ms, last_ms)
    scanners = {scanner for each in visits for scanner in each.session.scanners}
    marks = work.scanners.marks(
        {(EdgeId(edge), name) for edge, name in scanners}, from_ms, until_ms
    )
    deaf = deafness_of(ears_of(marks))
    unheard = [each.person for each in visits if deaf.keys() & set(each.session.scanners)]
    return frozenset(_some(bought)) | frozenset(_some(found)) | frozenset(unheard)


def _some(of_each: Mapping[PersonId, Sequence[object]]) -> Iterable[PersonId]:
    return [person for person, some in of_each.items() if some]
