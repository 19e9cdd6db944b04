"""Evidence that came in becomes visits.

Owns: whose visits it concerns, what of it is of this moment, and that a pass was held up.
Never: the rules (`core.visits.sessions`), or whose evidence it is (`recognise`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from shopbell_server.core.facts import PassScanned
from shopbell_server.core.ids import FactId
from shopbell_server.core.zones.found import Unsettled
from shopbell_server.usecases.groups import head_of
from shopbell_server.usecases.visits.recompute import circumstances, recompute

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from shopbell_server.core.evidence import Interval, IntervalKey
    from shopbell_server.core.facts import Fact
    from shopbell_server.core.ids import Millis, PersonId, StoreId
    from shopbell_server.core.observations import Observation
    from shopbell_server.core.visits.reconcile import Circumstances
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy
    from shopbell_server.usecases.recognition.recognised import Recognised
    from shopbell_server.usecases.visits.recompute import Terms

LIVE_MS: Final = 30_000
"""What is older may not ring a bell, whichever lane it came in (protocol, §1)."""


def arrived(
    work: UnitOfWork, entropy: Entropy, found: Recognised, terms: Terms, now_ms: Millis
) -> list[Fact]:
    """Keep the evidence in `found`, whose people are held; return what became true, for `tell`.

    Raises ShelvesMissingError.
    """
    before = _before(work, found)
    work.intervals.join(found.intervals)
    work.observations.put(found.observations)
    _unsettle(work, found.observations)
    work.intervals.remove([each.key for each in found.taken_back])
    heads = {person: group.head for person, group in found.groups.items()}
    touched: dict[tuple[PersonId, StoreId], list[Interval]] = {}
    for interval in found.intervals:
        key = interval.key
        touched.setdefault((heads.get(key.person, key.person), key.store), []).append(interval)
    here: dict[StoreId, Circumstances] = {}

    def around(store: StoreId) -> Circumstances:
        if store not in here:
            here[store] = circumstances(work, entropy, store, now_ms, live=True, rules=terms.rules)
        return here[store]

    here_now = {who for who, new in touched.items() if _is_live(new, now_ms)}
    for interval in (*found.unheard, *found.taken_back):
        key = interval.key
        touched.setdefault((heads.get(key.person, key.person), key.store), []).append(interval)
    live = {who: touched[who] for who in here_now}
    late = {who: new for who, new in touched.items() if who not in here_now}
    facts = recompute(work, live, terms, around, found.groups, before)
    facts += recompute(
        work, late, terms, lambda store: replace(around(store), live=False), found.groups, before
    )
    return [*facts, *_scanned(work, entropy, found, now_ms)]


def _before(work: UnitOfWork, found: Recognised) -> Mapping[IntervalKey, Interval]:
    """Return the stays that were told of before, as they were, of those for whom nothing else is new.

    Whose scanners say more of themselves, or whose pass is taken back, is not one who only goes on.
    """
    more = {(each.key.person, each.key.store) for each in (*found.unheard, *found.taken_back)}
    keys = [each.key for each in found.intervals]
    return work.intervals.known([key for key in keys if (key.person, key.store) not in more])


def _unsettle(work: UnitOfWork, observations: Collection[Observation]) -> None:
    """Note where the stores have a floor plan that it is to be found anew where these people were."""
    planned = work.floor_plans.versions() if observations else {}
    work.places.unsettle(
        [
            Unsettled(each.person, each.store, each.at_ms, each.at_ms)
            for each in observations
            if each.store in planned
        ]
    )


def _is_live(intervals: Iterable[Interval], now_ms: Millis) -> bool:
    return any(now_ms - interval.last_ms <= LIVE_MS for interval in intervals)


def _scanned(
    work: UnitOfWork, entropy: Entropy, found: Recognised, now_ms: Millis
) -> Iterator[Fact]:
    for interval in found.passes:
        key = interval.key
        person = head_of(found.groups, key.person)
        # At most one. None where somebody who is joined with her does not let them be recognised.
        for visit in work.visits.touching(person, key.store, key.first_ms, key.first_ms):
            yield PassScanned(
                fact=FactId(entropy.uuid7(now_ms)),
                person=person,
                at_ms=key.first_ms,
                recorded_ms=now_ms,
                late=now_ms - key.first_ms > LIVE_MS,
                store=key.store,
                visit=visit.id,
                zone=interval.zone,
                purpose="check-in",
            )
