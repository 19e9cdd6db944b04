"""Who is in a store now, as somebody with a role may see it.

Owns: reading what the board of a store needs, of everybody or of a few.
Never: what becomes of it (`core.board.rows`, `core.board.floor`), words, or their form (`web`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shopbell_server.core.board.disclosure import TABLE
from shopbell_server.core.board.floor import laid_out, sight
from shopbell_server.core.board.rows import Place, Stored
from shopbell_server.core.board.zone_now import Located
from shopbell_server.core.dating import LATEST
from shopbell_server.core.ids import Millis
from shopbell_server.core.serving.engagement import holder
from shopbell_server.usecases.groups import evidence_of, heard_of
from shopbell_server.usecases.staff.subjects import subjects_and_groups
from shopbell_server.usecases.visits.doubts import withheld

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from shopbell_server.core.board.disclosure import Table, Viewer
    from shopbell_server.core.board.floor import Floor
    from shopbell_server.core.board.rows import Row
    from shopbell_server.core.board.subject import Subject
    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.ids import PersonId, StaffId, StoreId, VisitId
    from shopbell_server.core.registry import Store
    from shopbell_server.core.serving.engagement import Engagement
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import Database, UnitOfWork
    from shopbell_server.usecases.staff.zones_now import ZonesFound, ZonesNow


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A store at a moment; who is helped next comes first."""

    store: Store
    rows: tuple[Row, ...]
    persons: Mapping[VisitId, PersonId]
    """Whose they are, for the record of who looked."""


def who_is_here(  # noqa: PLR0913  (each by name)
    database: Database,
    now_ms: Millis,
    rules: VisitRules,
    *,
    store: StoreId,
    viewer: Viewer,
    before: Floor | None,
    ladder: Table = TABLE,
    zones_now: ZonesNow | None = None,
) -> Board | None:
    """Return the board of `store`; None if there is no such store.

    A row is there if its visit may be shown, its person allows it at `now_ms`, and she has not gone.
    `before` is what others are looking at, so that all are shown the same zones; `zones_now` knows those of
    a store with a floor plan, if somebody looks at it.
    """
    floor = everybody(
        database,
        now_ms,
        rules,
        store=store,
        before=before,
        ladder=ladder,
        zones=None if zones_now is None else zones_now.last(store),
    )
    if floor is None:
        return None
    rows, whose = sight(floor, viewer, None).rows, floor.persons
    return Board(
        store=floor.place.store,
        rows=tuple(rows.values()),
        persons={visit: whose[visit] for visit in rows},
    )


def everybody(  # noqa: PLR0913  (each by name)
    database: Database,
    now_ms: Millis,
    rules: VisitRules,
    *,
    store: StoreId,
    before: Floor | None,
    ladder: Table = TABLE,
    zones: ZonesFound | None = None,
    zones_now: ZonesNow | None = None,
) -> Floor | None:
    """Return the floor of `store` by all that is stored; None if there is no such store.

    In a store with a floor plan people are in the `zones` that are given, or in those that `zones_now` finds
    and remembers.
    """
    recent_ms = Millis(now_ms - rules.zone_recent_ms)
    with database.read() as work:
        where = work.registry.store(store)
        if where is None:
            return None
        names = {zone.id: zone for zone in work.registry.zones(store)}
        place = Place(store=where, zones=names, ladder=ladder)
        visits = work.visits.present(store, now_ms)
        here = {visit.person for visit in visits}
        who, groups = subjects_and_groups(work, here)
        heard = heard_of(work.intervals.heard_since(store, recent_ms), here, groups)
        stored = _stored(work, who, visits, heard, now_ms)
        reports = None
        if zones_now is not None:
            reports = zones_now.read(work, store, here, groups, now_ms)
    if zones_now is not None and reports is not None:
        zones = zones_now.located(reports)
    return laid_out(place, _located(stored, zones or {}), before, now_ms, rules)


def some(
    database: Database,
    now_ms: Millis,
    rules: VisitRules,
    *,
    store: StoreId,
    persons: Collection[PersonId],
    zones: ZonesFound | None = None,
) -> Mapping[PersonId, Stored]:
    """Return what is stored of each of `persons` as far as the board of `store` needs it.

    In a store with a floor plan they are in the `zones` that are given.
    """
    recent_ms = Millis(now_ms - rules.zone_recent_ms)
    with database.read() as work:
        visits = work.visits.present_of(persons, store, now_ms)
        here = {visit.person for visit in visits}
        # Of people who are joined whoever changed is announced, and the visit is the head's.
        heads = _heads(work, set(persons) - here) - here
        if heads:
            visits = [*visits, *work.visits.present_of(heads, store, now_ms)]
            here.update(visit.person for visit in visits)
        who, groups = subjects_and_groups(work, here)
        heard = evidence_of(work, here, groups, store, recent_ms, LATEST)
        stored = _stored(work, who, visits, heard, now_ms)
    nothing = Stored(visits=(), subject=None, heard=())
    stored = _located(stored, zones or {})
    return {person: stored.get(person, nothing) for person in {*persons, *heads}}


def _located(stored: Mapping[PersonId, Stored], zones: ZonesFound) -> Mapping[PersonId, Stored]:
    """Return the same with where the floor plan says that they are."""
    if not zones:
        return stored
    return {
        person: replace(hers, located=Located(zone=zones[person])) if person in zones else hers
        for person, hers in stored.items()
    }


def _heads(work: UnitOfWork, persons: Collection[PersonId]) -> frozenset[PersonId]:
    """Return under whom the visits of those of `persons` are who are joined."""
    if not persons:
        return frozenset()
    enrolments = work.people.enrolments(persons).values()
    return frozenset(each.head for each in enrolments if each.head is not None)


def _stored(
    work: UnitOfWork,
    who: Mapping[PersonId, Subject],
    visits: Sequence[Visit],
    heard: Mapping[PersonId, Sequence[Interval]],
    now_ms: Millis,
) -> Mapping[PersonId, Stored]:
    doubtful = withheld(work, visits, now_ms)
    engaged = work.engagements.of([each.id for each in visits])
    names = _names(work, engaged.values())
    visits_of: dict[PersonId, list[Visit]] = {}
    for visit in visits:
        visits_of.setdefault(visit.person, []).append(visit)
    return {
        person: Stored(
            visits=tuple(hers),
            subject=who.get(person),
            heard=tuple(heard.get(person, ())),
            withheld={visit.id: doubtful[visit.id] for visit in hers if visit.id in doubtful},
            engagements={visit.id: engaged[visit.id] for visit in hers if visit.id in engaged},
            names=names,
        )
        for person, hers in visits_of.items()
    }


def _names(work: UnitOfWork, engaged: Iterable[Engagement]) -> Mapping[StaffId, str]:
    """Return the names of those who have somebody."""
    holders = {by.staff for each in engaged if (by := holder(each)) is not None}
    known = (work.registry.staff(each) for each in holders)
    return {each.id: each.name for each in known if each is not None}
