"""The zones of a stay where the store has a floor plan: found from all that was heard of her, not by scanner.

Owns: what becomes of a session's zones where it is known where she was.
Never: how that is found (`core.zones.whereabouts`), or anything else of a session.

Where nothing was found (before there was a plan, before her visit was over, at scanners that are not on the
plan), the zone of the scanner counts, as everywhere else. What she did herself says where she stood.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shopbell_server.core.ids import Millis
from shopbell_server.core.visits.intervals import clipped, gathered, is_act
from shopbell_server.core.visits.sessions import sessions, zone_times
from shopbell_server.core.visits.stretches import Stretch, union

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from shopbell_server.core.consent.ledger import Span
    from shopbell_server.core.edges.deafness import Deaf, Scanner
    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.ids import ZoneId
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.sessions import Session
    from shopbell_server.core.visits.stretches import Span as Lasting
    from shopbell_server.core.zones.found import Place


def sessions_at(
    intervals: Iterable[Interval],
    places: Sequence[Place],
    rules: VisitRules,
    deaf: Mapping[Scanner, tuple[Deaf, ...]],
) -> tuple[Session, ...]:
    """Return the sessions of `intervals`, with the zones that `places`, all hers and of the store, say.

    Places of two phones that are one human may overlap. In any order.
    """
    evidence = gathered(intervals)
    found = sessions(evidence, rules, deaf)
    if not places:
        return found
    return tuple([_placed(each, evidence, sorted(places, key=_order), rules) for each in found])


def counted(places: Iterable[Place], spans: Iterable[Span]) -> list[Place]:
    """Return what of the places of people who are joined counts: of when all of them allow it (`joined`)."""
    allowed = tuple(spans)
    return [
        each._replace(
            first_ms=Millis(max(each.first_ms, span.from_ms)),
            last_ms=Millis(min(each.last_ms, span.to_ms - 1)),
        )
        for each in places
        for span in allowed
        if each.first_ms < span.to_ms and each.last_ms >= span.from_ms
    ]


def _placed(
    session: Session, evidence: Iterable[Interval], places: Iterable[Place], rules: VisitRules
) -> Session:
    """Return a session with the zones in which she was, by its part of all evidence and of all places."""
    from_ms, to_ms = session.start_ms, session.end_ms
    inside = [
        (max(each.first_ms, from_ms), min(each.last_ms, to_ms), each.zone)
        for each in places
        if each.first_ms <= to_ms and each.last_ms >= from_ms
    ]
    if not inside:
        return session
    known = union([(first_ms, last_ms) for first_ms, last_ms, _ in inside], 1)
    hers = [
        clipped(each, from_ms, to_ms)
        for each in evidence
        if each.key.first_ms <= to_ms and each.last_ms >= from_ms
    ]
    by_scanner: dict[ZoneId, list[Lasting]] = {}
    for each in hers:
        if each.zone is not None and (is_act(each) or not _lies_in(each, known)):
            by_scanner.setdefault(each.zone, []).append((each.key.first_ms, each.last_ms))
    by_zone: dict[ZoneId, list[Lasting]] = {
        zone: list(union(spans, rules.left_shown_ms)) for zone, spans in by_scanner.items()
    }
    for first_ms, last_ms, zone in _from_the_first(inside, hers):
        if zone is not None:
            by_zone.setdefault(zone, []).append((first_ms, last_ms))
    # Nothing is bridged here: a silence of two minutes in one zone may be two minutes in another.
    return replace(
        session,
        zones=zone_times({zone: union(sorted(spans), 0) for zone, spans in by_zone.items()}, rules),
    )


def _lies_in(interval: Interval, known: Iterable[Stretch]) -> bool:
    return any(
        interval.key.first_ms <= each.last_ms and interval.last_ms >= each.first_ms
        for each in known
    )


def _from_the_first(
    inside: Sequence[tuple[Millis, Millis, ZoneId | None]], hers: Iterable[Interval]
) -> Iterator[tuple[Millis, Millis, ZoneId | None]]:
    """Yield where she was, the first place from when she was first heard of what it was found from.

    An edge reports somebody after three sightings, so the first report is some seconds late.
    """
    (first_ms, last_ms, zone), *others = inside
    heard_ms = [
        each.key.first_ms
        for each in hers
        if not is_act(each) and each.key.first_ms <= first_ms <= each.last_ms
    ]
    yield min([first_ms, *heard_ms]), last_ms, zone
    yield from others


def _order(place: Place) -> tuple[Millis, Millis, str, str]:
    return place.first_ms, place.last_ms, place.person, place.zone or ""
