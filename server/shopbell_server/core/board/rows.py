"""The rows that one person has on the board of a store, by what is stored of her.

Owns: what a row says, and until when it says so if nothing else is stored.
Never: everybody together (`floor`); the words and the form of a row (`web`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shopbell_server.core.board.disclosure import TABLE, Field, disclose
from shopbell_server.core.board.state import board_state
from shopbell_server.core.board.subject import known_of, standing_of
from shopbell_server.core.board.zone_now import stays_so_until, zone_now
from shopbell_server.core.channels.reasons import changes_ms as reason_changes_ms
from shopbell_server.core.consent.ledger import active_purposes, changes_ms
from shopbell_server.core.serving.engagement import (
    Mistaken,
    Served,
    Serving,
    as_of,
    holder,
    released_ms,
)
from shopbell_server.core.serving.queue import turn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.board.disclosure import Disclosed, Known, Standing, Table, Viewer
    from shopbell_server.core.board.subject import Subject
    from shopbell_server.core.board.zone_now import Located
    from shopbell_server.core.consent.ledger import Purpose
    from shopbell_server.core.evidence import Carrier, Evidence, Interval
    from shopbell_server.core.ids import Millis, StaffId, VisitId, ZoneId
    from shopbell_server.core.registry import Store, Zone
    from shopbell_server.core.serving.engagement import Engagement, Helper
    from shopbell_server.core.serving.queue import Turn
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.showing import Glimpse
    from shopbell_server.core.visits.stored import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A store, the names of what is in it, and by which ladder its people are shown."""

    store: Store
    zones: Mapping[ZoneId, Zone]
    ladder: Table = field(default_factory=lambda: TABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What is stored of one person as far as the board of one store needs it."""

    visits: tuple[Visit, ...]
    """Candidates and open visits in that store that have not gone from its board."""
    subject: Subject | None
    """None: nothing may be shown of her."""
    heard: tuple[Interval, ...]
    """Her evidence in that store of the last `zone_recent_ms`, at least."""
    withheld: Mapping[VisitId, Millis] = field(default_factory=dict)
    """Which of the visits are too doubtful to be shown, and until when."""
    located: Located | None = None
    """Where the floor plan says that she is; None: there is none, or it does not know her."""
    engagements: Mapping[VisitId, Engagement] = field(default_factory=dict)
    """Of those visits with which somebody did something."""
    names: Mapping[StaffId, str] = field(default_factory=dict)
    """Of the staff who have one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """How and when she was recognised, by the best evidence of her visit."""

    carrier: Carrier
    evidence: Evidence
    at_ms: Millis
    zone: Zone | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """Who helps her."""

    by: Helper | None
    """None: nobody does."""
    name: str | None
    """Of whoever does, for colleagues."""
    with_her: bool
    served: bool
    asked_ms: Millis | None
    """She asked for help then, and nobody has come."""


NOBODY: Final = Help(by=None, name=None, with_her=False, served=False, asked_ms=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A visit on the board, whoever looks. What may be seen of it is asked with `row`."""

    visit: VisitId
    known: Known
    standing: Standing
    purposes: frozenset[Purpose]
    shared: frozenset[Purpose]
    """What everybody under her profile allows."""
    store: Store
    found_in: ZoneId | None
    """Where she was found, which the next answer goes on from."""
    zone: Zone | None
    """The same, unless the store has no name for it (any more)."""
    since_ms: Millis
    recognition: Recognition
    held: bool
    unseen_since_ms: Millis | None
    deaf_since_ms: Millis | None
    engagement: Engagement | None
    helped: Help


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Somebody who is here. Everything about the person herself is in `person`, and is hers to allow."""

    visit: VisitId
    store: Store
    person: Disclosed
    zone: Zone | None
    since_ms: Millis
    recognition: Recognition
    held: bool
    """Taken to be here because of a code, not of a signal."""
    unseen_since_ms: Millis | None
    """"left?": nothing was heard since then. None: she is here."""
    deaf_since_ms: Millis | None
    """Nobody listens to her since then, so that her silence says nothing. None: somebody does."""
    helped: Help
    """Where that may not be seen: `NOBODY`."""
    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Stays:
    """One person's, and the moment from which they may be others by themselves (None: never)."""

    stays: tuple[Stay, ...]
    until_ms: Millis | None


def stays_of(
    stored: Stored,
    place: Place,
    zones_before: Mapping[VisitId, ZoneId],
    now_ms: Millis,
    rules: VisitRules,
) -> Stays:
    """Return the stays of one person at `now_ms`.

    `zones_before` are the zones of the last answer, so that nobody flickers between two. Asked again
    before `until_ms`, with the zones of this answer, it says the same.
    """
    subject = stored.subject
    if subject is None or not stored.visits:
        return Stays(stays=(), until_ms=None)
    purposes = active_purposes(subject.ledger, now_ms)
    shared = subject.shared(now_ms)
    until = [changes_ms(each, now_ms) for each in (subject.ledger, *subject.others)]
    until.append(reason_changes_ms(subject.facts, now_ms))
    stays = []
    for visit in stored.visits:
        state = board_state(visit, now_ms, rules)
        shown = visit.session.shown
        withheld_ms = stored.withheld.get(visit.id)
        until.append(state.until_ms)
        if shown is None or state.place == "gone":
            continue
        if withheld_ms is not None and withheld_ms > now_ms:
            until.append(withheld_ms)
        engagement = stored.engagements.get(visit.id)
        if engagement is not None:
            engagement = as_of(engagement, now_ms)
            until.append(released_ms(engagement))
            if isinstance(engagement.state, Mistaken):
                continue
        fresh = [each for each in stored.heard if _is_of(each, visit)]
        before = zones_before.get(visit.id, _last_zone(visit))
        zone = zone_now(fresh, before, now_ms, rules.zone_recent_ms, stored.located)
        until.append(stays_so_until(fresh, now_ms, rules.zone_recent_ms))
        stays.append(
            Stay(
                visit=visit.id,
                known=known_of(visit, subject, now_ms),
                standing=standing_of(visit, now_ms, withheld_ms),
                purposes=purposes,
                shared=shared,
                store=place.store,
                found_in=zone,
                zone=None if zone is None else place.zones.get(zone),
                since_ms=visit.session.start_ms,
                recognition=_recognition(visit, shown, place.zones),
                held=state.held,
                unseen_since_ms=visit.session.end_ms if state.place == "left_maybe" else None,
                deaf_since_ms=visit.session.deaf_since_ms,
                engagement=engagement,
                helped=NOBODY if engagement is None else _helped(engagement, stored.names),
            )
        )
    return Stays(
        stays=tuple(stays),
        until_ms=min((each for each in until if each is not None), default=None),
    )


def row(stay: Stay, viewer: Viewer, ladder: Table = TABLE) -> Row | None:
    """Return the stay as `viewer` may see it; None: not at all."""
    person = disclose(stay.known, stay.standing, stay.purposes, viewer, ladder, shared=stay.shared)
    if person is None or Field.PRESENCE not in person.may:
        return None
    may_know = Field.HELP in person.may
    engagement = stay.engagement if may_know else None
    return Row(
        visit=stay.visit,
        store=stay.store,
        person=person,
        zone=stay.zone,
        since_ms=stay.since_ms,
        recognition=stay.recognition,
        held=stay.held,
        unseen_since_ms=stay.unseen_since_ms,
        deaf_since_ms=stay.deaf_since_ms,
        helped=stay.helped if may_know else NOBODY,
        turn=turn(engagement, person.reason_kind, stay.since_ms),
    )


def _helped(engagement: Engagement, names: Mapping[StaffId, str]) -> Help:
    by, state = holder(engagement), engagement.state
    return Help(
        by=by,
        name=None if by is None else names.get(by.staff),
        with_her=isinstance(state, Serving),
        served=isinstance(state, Served),
        asked_ms=engagement.asked_ms,
    )


def _recognition(visit: Visit, shown: Glimpse, zones: Mapping[ZoneId, Zone]) -> Recognition:
    """Return how she was recognised: by what she did if that is the best evidence, else by radio."""
    session = visit.session
    glimpse = shown
    if session.best_act is not None and session.best_act.evidence >= session.evidence:
        glimpse = session.best_act
    return Recognition(
        carrier=glimpse.carrier,
        evidence=session.evidence,
        at_ms=glimpse.at_ms,
        zone=None if glimpse.zone is None else zones.get(glimpse.zone),
    )


def _is_of(interval: Interval, visit: Visit) -> bool:
    return interval.last_ms >= visit.session.start_ms


def _last_zone(visit: Visit) -> ZoneId | None:
    latest = max(visit.session.zones, key=lambda time: (time.last_ms, time.zone), default=None)
    return None if latest is None else latest.zone
