"""Let enrolments be one human, or several: her visits are those that would have arisen had it always been so.

Owns: putting people into groups and out of them, and computing all of their visits anew.
Never: who is one human (the history of profiles), what a group allows or what counts of it
(`core.visits.joined`).

Evidence, receipts and consent stay with the enrolment that they came from and are not touched, so that
parting undoes joining. What comes of it is told as what late batches change is: late, so it rings no bell.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from shopbell_server.core.ids import Millis
from shopbell_server.core.visits.joined import first_enrolled
from shopbell_server.core.visits.neighbourhood import Neighbourhood
from shopbell_server.core.visits.purchases import reach_ms
from shopbell_server.core.visits.reconcile import left_behind
from shopbell_server.core.visits.stretches import Stretch
from shopbell_server.usecases.groups import groups_of, head_of, hold, ledgers
from shopbell_server.usecases.visits.recompute import circumstances, recomputed, tell, write

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from shopbell_server.core.facts import Fact
    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.core.visits.reconcile import Circumstances, Reconciled
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy
    from shopbell_server.usecases.groups import Groups
    from shopbell_server.usecases.visits.recompute import Terms

MOST_MEMBERS: Final = 32
"""Enrolments of one human. A phone every other year and a tablet are two dozen in a lifetime; and all of a
group are held for every batch in which one of them is heard."""

SPANS: Final = 1_000
"""Beginnings of intervals that are read at once: years of a visit a week, some megabytes. 500 visits are
computed anew within a quarter of a second, for which whoever brings something of hers waits."""


class NotJoined(Enum):
    """Why people are not joined."""

    UNKNOWN = auto()
    """There is no such enrolment."""
    TOO_MANY = auto()
    """More than MOST_MEMBERS would be one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouped:
    """Whom boards have to look at again, by store: announce it after the commit."""

    changed: Mapping[StoreId, frozenset[PersonId]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Regrouping:
    """`persons` are in `groups` now, or alone; their visits are of other groups still."""

    persons: Collection[PersonId]
    groups: Groups
    rules: VisitRules


def join(
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    *,
    persons: Collection[PersonId],
    terms: Terms,
) -> Regrouped | NotJoined:
    """Let `persons` be one human from ever on, with everybody with whom one of them is joined already.

    Their visits are under the id of the one who was enrolled first. A purpose is active for all while it is
    for each (`core.visits.joined`): what one of them forbids, or did not yet allow, is no
    evidence of the group.
    """
    enrolments = _held(work, persons)
    if not enrolments.keys() >= set(persons):
        return NotJoined.UNKNOWN
    if len(enrolments) > MOST_MEMBERS:
        return NotJoined.TOO_MANY
    heads = {each.head for each in enrolments.values()}
    if len(enrolments) < 2 or (len(heads) == 1 and None not in heads):  # noqa: PLR2004  (one is none)
        return Regrouped()
    work.joined.put(enrolments.keys(), first_enrolled(enrolments.values()))
    return _recomputed(work, entropy, now_ms, enrolments.keys(), terms)


def part(
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    *,
    persons: Collection[PersonId],
    terms: Terms,
) -> Regrouped:
    """Let `persons` be no part of the groups in which they are; each keeps her own consent and evidence.

    Those of them who were in one group stay one among themselves, as do those who are left. Who is alone, or
    is not there, stays so. Before an enrolment is deleted it must be alone: call this for it.
    """
    enrolments = _held(work, persons)
    groups: dict[PersonId, list[Enrolment]] = {}
    for each in enrolments.values():
        if each.head is not None:
            groups.setdefault(each.head, []).append(each)
    concerned: set[PersonId] = set()
    for members in groups.values():
        out = [each for each in members if each.person in persons]
        rest = [each for each in members if each.person not in persons]
        if rest:
            for some in (out, rest):
                head = first_enrolled(some) if len(some) > 1 else None
                work.joined.put([each.person for each in some], head)
            concerned.update(each.person for each in members)
    return _recomputed(work, entropy, now_ms, concerned, terms)


def _held(work: UnitOfWork, persons: Collection[PersonId]) -> Mapping[PersonId, Enrolment]:
    """Return `persons` who are there, and everybody who is joined with them, holding them all."""
    groups = hold(work, persons)
    return work.people.enrolments({*persons, *groups})


def _recomputed(
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    persons: Collection[PersonId],
    terms: Terms,
) -> Regrouped:
    """Compute all visits of `persons` anew, who are in other groups than their visits were computed for."""
    groups = groups_of(work, work.people.enrolments(persons).values())
    who = _Regrouping(persons=persons, groups=groups, rules=terms.rules)
    changed: set[StoreId] = set()
    for store in sorted(work.intervals.stores_of(persons)):
        around = circumstances(work, entropy, store, now_ms, live=False, rules=terms.rules)
        facts: list[Fact] = []
        for stretch in _stretches(work, persons, store, reach_ms(terms.rules)):
            made = _in_stretch(work, store, stretch, who, around)
            write(work, made)
            facts += [fact for each in made for fact in each.facts]
            if any(each.put or each.removed for each in made):
                changed.add(store)
        ledger = ledgers(work, {each.person for each in facts}, groups)
        tell(work, facts, ledger, terms.sinks, now_ms)
    return Regrouped(changed=dict.fromkeys(sorted(changed), frozenset(persons)))


def _in_stretch(
    work: UnitOfWork,
    store: StoreId,
    stretch: Stretch,
    who: _Regrouping,
    around: Circumstances,
) -> list[Reconciled]:
    """Return what becomes of the visits in a stretch of time that no visit of theirs reaches out of."""
    from_ms, to_ms = stretch
    stored = work.visits.touching_each(who.persons, store, from_ms, to_ms)
    heads = {head_of(who.groups, person) for person in who.persons}
    near = {head: Neighbourhood(from_ms, to_ms, tuple(stored.get(head, ()))) for head in heads}
    made = list(recomputed(work, store, near, who.rules, around, who.groups))
    gone = [visit for person in sorted(stored.keys() - heads) for visit in stored[person]]
    return [*made, left_behind(gone, _now(stored, made), around)]


def _now(stored: Mapping[PersonId, Sequence[Visit]], made: Sequence[Reconciled]) -> list[Visit]:
    """Return the visits that there are when all of `made` is written."""
    visits = {visit.id: visit for hers in stored.values() for visit in hers}
    for each in made:
        visits.update((visit.id, visit) for visit in each.put)
    removed = {visit for each in made for visit in each.removed}
    return [visit for visit in visits.values() if visit.id not in removed]


def _stretches(
    work: UnitOfWork, persons: Collection[PersonId], store: StoreId, apart_ms: int
) -> Iterator[Stretch]:
    """Yield the stretches of time in which there is evidence of `persons`, earliest first.

    Between two there is more than `apart_ms` of silence, so that whoever they are, no visit is in both. A
    stretch has SPANS intervals, and more where there is no such silence.
    """
    after_ms, spans = Millis(-1), 0
    stretch: Stretch | None = None
    more = True
    while more:
        found = work.intervals.spans(persons, store, after_ms, SPANS)
        more = len(found) == SPANS
        for first_ms, last_ms in found:
            after_ms = first_ms
            if stretch is None:
                stretch = Stretch(first_ms, last_ms)
            elif spans >= SPANS and first_ms - stretch.last_ms > apart_ms:
                yield stretch
                stretch, spans = Stretch(first_ms, last_ms), 0
            else:
                stretch = Stretch(stretch.first_ms, max(stretch.last_ms, last_ms))
            spans += 1
    if stretch is not None:
        yield stretch
