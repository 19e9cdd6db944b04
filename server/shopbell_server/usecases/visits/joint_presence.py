"""What one of several who are joined allows or forbids changes the presence of them all.

Owns: ending their visits when one withdraws, and what counts again from when all allow it.
Never: whether they do (`core.visits.joined`), or evidence of one who forbade nothing: it stays hers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shopbell_server.core.dating import LATEST
from shopbell_server.core.ids import Millis
from shopbell_server.core.visits.neighbourhood import reached
from shopbell_server.core.visits.purchases import reach_ms
from shopbell_server.core.visits.stretches import Stretch
from shopbell_server.usecases.visits.own import forget_candidates
from shopbell_server.usecases.visits.recompute import circumstances, recompute, recomputed, tell
from shopbell_server.usecases.visits.traces import forget_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.core.visits.joined import Group
    from shopbell_server.core.visits.reconcile import Reconciled
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy
    from shopbell_server.usecases.visits.recompute import Terms


def end_presence_of_all(
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    *,
    person: PersonId,
    group: Group,
    terms: Terms,
) -> frozenset[StoreId]:
    """End the presence of `group`, all of whom are held: `person` of it has withdrawn at `now_ms`.

    `group` is as it is after that. Returns the stores in which that changed something. Nothing of hers is
    left from then on, and of what she gave before that is forgotten which would be no visit if she were
    alone, as it is if she is. What the others give stays theirs and is in no visit of the group.
    """
    stretches: dict[StoreId, list[Stretch]] = {}
    for visit in work.visits.of_person(group.head):
        if visit.state != "ended" or visit.session.end_ms >= now_ms:
            when = Stretch(visit.session.start_ms, visit.session.end_ms)
            stretches.setdefault(visit.store, []).append(when)
    stores = work.intervals.stores_of([person])
    forget_from(work, person, now_ms)
    # What was a candidate for longer has been forgotten by the clock.
    since_ms = Millis(now_ms - terms.rules.candidate_kept_ms - reach_ms(terms.rules))
    for store in stores:
        forgotten = forget_candidates(work, person, store, since_ms, now_ms, terms.rules)
        if forgotten:
            stretches.setdefault(store, []).extend(forgotten)
    for store, changed in sorted(stretches.items()):
        _end_in(work, entropy, now_ms, store, _covering(changed), group, terms)
    return frozenset(stretches)


def count_from_now(
    work: UnitOfWork, entropy: Entropy, now_ms: Millis, *, group: Group, terms: Terms
) -> frozenset[StoreId]:
    """Let what `group`, all of whom are held, gives from `now_ms` on count: all of it allows that again.

    There is some already where somebody's stay goes on, or an edge's clock is ahead. Returns the stores in
    which that changed something.
    """
    groups = dict.fromkeys(group.persons, group)
    changed: set[StoreId] = set()
    for store in sorted(work.intervals.stores_of(group.persons)):
        found = work.intervals.within_each(group.persons, store, now_ms, LATEST)
        new = [each for hers in found.values() for each in hers]
        if new:
            facts = recompute(
                work,
                {(group.head, store): new},
                terms,
                lambda where: circumstances(
                    work,
                    entropy,
                    where,
                    now_ms,
                    live=True,
                    rules=terms.rules,
                ),
                groups,
            )
            tell(work, facts, {group.head: group.ledger}, terms.sinks, now_ms)
            changed.add(store)
    return frozenset(changed)


def _end_in(  # noqa: PLR0913, PLR0917  (what `end_presence_of_all` has of it)
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    store: StoreId,
    changed: Stretch,
    group: Group,
    terms: Terms,
) -> None:
    near = reached(
        {group.head: changed},
        lambda persons, from_ms, to_ms: work.visits.touching_each(persons, store, from_ms, to_ms),
        reach_ms(terms.rules),
    )
    around = circumstances(work, entropy, store, now_ms, live=False, rules=terms.rules)
    groups = dict.fromkeys(group.persons, group)
    made = list(recomputed(work, store, near, terms.rules, around, groups))
    before = near[group.head].visits
    removed = [visit for each in made for visit in each.removed]
    if removed:
        work.visits.remove(removed)
    put = [each for each in _ended(before, made) if each not in before]
    if put:
        work.visits.put(put)


def _ended(before: Sequence[Visit], made: Sequence[Reconciled]) -> list[Visit]:
    """Return the visits that are left, over. Nobody is told, so their revisions are those that were told."""
    told = {visit.id: visit for visit in before}
    left = {**told, **{visit.id: visit for each in made for visit in each.put}}
    for each in made:
        for gone in each.removed:
            left.pop(gone, None)
    return [
        replace(
            visit,
            state="ended" if visit.reported else visit.state,
            revision=told[visit.id].revision if visit.id in told else visit.revision,
        )
        for visit in left.values()
    ]


def _covering(stretches: Sequence[Stretch]) -> Stretch:
    return Stretch(
        min(each.first_ms for each in stretches), max(each.last_ms for each in stretches)
    )
