"""Find where people were whose visits are over, in stores that have a floor plan.

Owns: whose turn it is, and that what was found is of all that is stored by then.
Never: how it is found (`core.zones.whereabouts`), or closing visits (`sweep`, which waits for this).

It takes seconds for a long visit, so it is done between two transactions: the first reads what was heard, the
second writes what was found if nothing was heard meanwhile, and is done again otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shopbell_server.core.ids import Millis
from shopbell_server.core.observations import KEPT_MS
from shopbell_server.core.zones.site import site_of
from shopbell_server.core.zones.whereabouts import APART_MS, places_in, stretches
from shopbell_server.usecases.groups import head_of, hold, ledgers
from shopbell_server.usecases.visits.recompute import circumstances, recompute, tell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.core.observations import Observation
    from shopbell_server.core.zones.found import Place, Unsettled
    from shopbell_server.core.zones.site import Site
    from shopbell_server.ports.database import Database, UnitOfWork
    from shopbell_server.ports.world import Entropy
    from shopbell_server.usecases.visits.recompute import Terms

LIMIT: Final = 20
"""People at a time: half a minute of work, after which whoever came meanwhile is looked at too."""


@dataclass(slots=True)
class Sites:
    """The engines of stores with a plan; made when they are needed, and anew when a plan changes."""

    _made: dict[StoreId, tuple[str, Site]] = field(default_factory=dict)

    def of(self, work: UnitOfWork, stores: set[StoreId]) -> Mapping[StoreId, Site]:
        """Return the engines of those of `stores` that have a plan."""
        versions = work.floor_plans.versions()
        for store in self._made.keys() - versions.keys():
            del self._made[store]
        for store in sorted(stores & versions.keys()):
            known = self._made.get(store)
            if known is None or known[0] != versions[store]:
                plan = work.floor_plans.of(store)
                if plan is not None:
                    self._made[store] = versions[store], site_of(plan)
        return {store: self._made[store][1] for store in stores & self._made.keys()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What is known of somebody's time in a store from `from_ms` to `to_ms`."""

    asked: Unsettled
    heard: tuple[Observation, ...]
    from_ms: Millis
    to_ms: Millis
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Who is in which store to be looked at again, and whether there is more to do."""

    changed: Mapping[StoreId, frozenset[PersonId]]
    people: int
    more: bool


def find_places(
    database: Database, entropy: Entropy, terms: Terms, sites: Sites, now_ms: Millis
) -> Settled:
    """Find where those were whose visits are due to end, or changed after they had; LIMIT people at most.

    Any process may, at any time. Raises what the database raises; what was found until then is written.
    """
    with database.read() as work:
        due = work.places.unsettled(now_ms, LIMIT)
        here = sites.of(work, {each.store for each in due})
        heard = {each: _heard(work, each) for each in due}
    changed: dict[StoreId, set[PersonId]] = {}
    for each in due:
        found = _found(here.get(each.store), each, heard[each], now_ms)
        for person in _write(database, entropy, terms, found, now_ms):
            changed.setdefault(each.store, set()).add(person)
    return Settled(
        changed={store: frozenset(persons) for store, persons in changed.items()},
        people=len(due),
        more=len(due) == LIMIT,
    )


def _heard(work: UnitOfWork, asked: Unsettled) -> tuple[Observation, ...]:
    """Return her reports of the stretches that touch the time that is asked for."""
    around_ms = KEPT_MS  # a stretch is as long as she was heard without a pause
    from_ms, to_ms = Millis(asked.first_ms - around_ms), Millis(asked.last_ms + around_ms)
    hers = work.observations.of([asked.person], asked.store, from_ms, to_ms)
    return tuple(
        each
        for stretch in stretches(hers.get(asked.person, ()))
        if stretch[0].at_ms - APART_MS <= asked.last_ms
        and stretch[-1].at_ms + APART_MS >= asked.first_ms
        for each in stretch
    )


def _found(
    site: Site | None, asked: Unsettled, heard: tuple[Observation, ...], now_ms: Millis
) -> _Found:
    """Return where she was in all of `heard`; where the store has no plan any more, what was found stays."""
    # Of a stretch the beginning of which may be gone already, what was found when it was there stays.
    whole = [
        stretch
        for stretch in stretches(heard)
        if site is not None and stretch[0].at_ms > now_ms - KEPT_MS + APART_MS
    ]
    places = [place for each in whole if site is not None for place in places_in(site, each)]
    return _Found(
        asked=asked,
        heard=heard,
        from_ms=Millis(min([each[0].at_ms for each in whole], default=asked.first_ms)),
        to_ms=Millis(max([each[-1].at_ms for each in whole], default=asked.first_ms - 1)),
        places=tuple(places),
    )


def _write(
    database: Database, entropy: Entropy, terms: Terms, found: _Found, now_ms: Millis
) -> Sequence[PersonId]:
    """Write what was found, if it is of all that was heard; return whose visits changed by it."""
    asked = found.asked
    with database.begin() as work:
        groups = hold(work, [asked.person])
        if _heard(work, asked) != found.heard:
            return ()  # something came meanwhile: it is due again
        work.places.settled(asked)
        if found.from_ms > found.to_ms:
            work.commit()
            return ()
        span = Millis(found.from_ms - APART_MS), Millis(found.to_ms)
        places = found.places
        work.places.put(asked.person, asked.store, *span, places)
        near = work.intervals.within(asked.person, asked.store, *span)
        head = head_of(groups, asked.person)
        if near:
            around = circumstances(work, entropy, asked.store, now_ms, live=True, rules=terms.rules)
            facts = recompute(work, {(head, asked.store): near}, terms, lambda _: around, groups)
            tell(work, facts, ledgers(work, {head}, groups), terms.sinks, now_ms)
        work.commit()
    return (head,)
