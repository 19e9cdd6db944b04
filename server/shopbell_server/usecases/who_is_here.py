"""Who is in a store now, as somebody with a role may see it.

Owns: the rows of the board, their order, and when one of them changes by itself.
Never: their words or their form (`web`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopbell_server.core.board_state import board_state
from shopbell_server.core.ids import Millis
from shopbell_server.core.zone_now import zone_now
from shopbell_server.usecases.looking import seen, subjects

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shopbell_server.core.disclosure import Disclosed, Viewer
    from shopbell_server.core.evidence import Carrier, Evidence, Interval
    from shopbell_server.core.ids import PersonId, StoreId, VisitId, ZoneId
    from shopbell_server.core.registry import Store, Zone
    from shopbell_server.core.visit_rules import VisitRules
    from shopbell_server.core.visits import Visit
    from shopbell_server.ports.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """How and when she was recognised, by the best evidence of her visit."""

    carrier: Carrier
    evidence: Evidence
    at_ms: Millis
    zone: Zone | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Somebody who is here. Everything about the person herself is in `person`, and is hers to allow."""

    visit: VisitId
    person: Disclosed
    zone: Zone | None
    since_ms: Millis
    recognition: Recognition
    held: bool
    """Taken to be here because of a code, not of a signal."""
    unseen_since_ms: Millis | None
    """"left?": nothing was heard since then. None: she is here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A store at a moment. `changes_ms` is when a row changes without anything being heard."""

    store: Store
    rows: tuple[Row, ...]
    changes_ms: Millis | None


def who_is_here(
    database: Database,
    now_ms: Millis,
    rules: VisitRules,
    *,
    store: StoreId,
    viewer: Viewer,
    zones_before: Mapping[VisitId, ZoneId],
) -> Board | None:
    """Return the board of `store`, longest here first; None if there is no such store.

    A row is there if its visit may be shown, its person allows it at `now_ms`, and she has not gone.
    `zones_before` are the zones of the last answer, so that nobody flickers between two.
    """
    with database.read() as work:
        where = work.registry.store(store)
        if where is None:
            return None
        zones = {zone.id: zone for zone in work.registry.zones(store)}
        visits = work.visits.present(store, now_ms)
        people = subjects(work, {visit.person for visit in visits}, now_ms)
        heard = _by_person(work.intervals.heard_since(store, Millis(now_ms - rules.zone_recent_ms)))
    rows: list[Row] = []
    changes: list[Millis] = []
    for visit in visits:
        state = board_state(visit, now_ms, rules)
        if state.place in {"unshown", "gone"}:
            continue
        person = seen(visit, people.get(visit.person), viewer)
        recognition = _recognition(visit, zones)
        if person is None or recognition is None:
            continue
        fresh = [each for each in heard.get(visit.person, ()) if _is_of(each, visit)]
        before = zones_before.get(visit.id, _last_zone(visit))
        zone = zone_now(fresh, before, now_ms, rules.zone_recent_ms)
        left = state.place == "left_maybe"
        rows.append(
            Row(
                visit=visit.id,
                person=person,
                zone=None if zone is None else zones.get(zone),
                since_ms=visit.session.start_ms,
                recognition=recognition,
                held=state.held,
                unseen_since_ms=visit.session.end_ms if left else None,
            )
        )
        if state.until_ms is not None:
            changes.append(state.until_ms)
    rows.sort(key=lambda row: (row.since_ms, row.visit))
    return Board(store=where, rows=tuple(rows), changes_ms=min(changes, default=None))


def _recognition(visit: Visit, zones: Mapping[ZoneId, Zone]) -> Recognition | None:
    """Return how she was recognised: by what she did if that is the best evidence, else by radio."""
    session = visit.session
    glimpse = session.shown
    if session.best_act is not None and session.best_act.evidence >= session.evidence:
        glimpse = session.best_act
    if glimpse is None:
        return None
    return Recognition(
        carrier=glimpse.carrier,
        evidence=session.evidence,
        at_ms=glimpse.at_ms,
        zone=None if glimpse.zone is None else zones.get(glimpse.zone),
    )


def _by_person(intervals: Iterable[Interval]) -> Mapping[PersonId, Sequence[Interval]]:
    grouped: dict[PersonId, list[Interval]] = {}
    for interval in intervals:
        grouped.setdefault(interval.key.person, []).append(interval)
    return grouped


def _is_of(interval: Interval, visit: Visit) -> bool:
    return interval.last_ms >= visit.session.start_ms


def _last_zone(visit: Visit) -> ZoneId | None:
    latest = max(visit.session.zones, key=lambda time: (time.last_ms, time.zone), default=None)
    return None if latest is None else latest.zone
