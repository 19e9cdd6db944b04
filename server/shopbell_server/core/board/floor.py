"""Everybody on the board of a store: kept from one reading to the next, so that only changes cost.

Owns: what is computed anew when somebody's rows or the time changed, and what a viewer is told of it.
Never: one person's rows (`rows`), or how the readings come about.

A floor that followed every change one by one is the same as one that is laid out from all that is
stored: a row depends on what is stored of its person, on the time, and on its own last zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from shopbell_server.core.board.rows import Stays, row, stays_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shopbell_server.core.board.disclosure import Table, Viewer
    from shopbell_server.core.board.rows import Place, Row, Stay, Stored
    from shopbell_server.core.ids import Millis, PersonId, VisitId
    from shopbell_server.core.visits.rules import VisitRules

Said = TypeVar("Said")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """One person on the floor. Where nothing changed, `stays` is the very tuple of the floor before."""

    stored: Stored
    stays: tuple[Stay, ...]
    until_ms: Millis | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """A store at a moment."""

    place: Place
    guests: Mapping[PersonId, Guest]
    at_ms: Millis

    @property
    def persons(self) -> Mapping[VisitId, PersonId]:
        """Return whose each visit is."""
        return {stay.visit: person for person, guest in self.guests.items() for stay in guest.stays}

    @property
    def changes_ms(self) -> Millis | None:
        """Return when a row may change without anything being stored; None: never."""
        until = (guest.until_ms for guest in self.guests.values())
        return min((each for each in until if each is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A floor as one viewer sees it. Who is helped next comes first (`serving.queue`)."""

    floor: Floor
    rows: Mapping[VisitId, Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """From one answer to the next: what is new or another, in its order, and what is there no more."""

    changed: tuple[VisitId, ...]
    gone: tuple[VisitId, ...]


def laid_out(
    place: Place,
    stored: Mapping[PersonId, Stored],
    before: Floor | None,
    now_ms: Millis,
    rules: VisitRules,
) -> Floor:
    """Return the floor by all that is stored of that store. Of `before` only the zones matter."""
    known = {} if before is None else before.guests
    guests = {
        person: _guest(hers, place, known.get(person), now_ms, rules)
        for person, hers in stored.items()
    }
    return Floor(place=place, guests=guests, at_ms=now_ms)


def moved(
    before: Floor, stored: Mapping[PersonId, Stored], now_ms: Millis, rules: VisitRules
) -> Floor:
    """Return the floor after `stored` became what is stored of these people, and time passed.

    `now_ms` is not before `before.at_ms`. Whose rows do not change is not looked at.
    """
    guests = dict(before.guests)
    due = {
        person: guest.stored
        for person, guest in before.guests.items()
        if guest.until_ms is not None and guest.until_ms <= now_ms
    }
    for person, hers in {**due, **stored}.items():
        guest = _guest(hers, before.place, guests.get(person), now_ms, rules)
        if hers.visits:
            guests[person] = guest
        else:
            guests.pop(person, None)
    return Floor(place=before.place, guests=guests, at_ms=now_ms)


def sight(floor: Floor, viewer: Viewer, before: Sight | None) -> Sight:
    """Return what `viewer` sees of `floor`; `before` is what the same viewer saw of an earlier one."""
    if before is None:
        rows = _rows(floor.guests.values(), viewer, floor.place.ladder)
    else:
        then, now = before.floor.guests, floor.guests
        others = [
            person
            for person in then.keys() | now.keys()
            if _stays(then, person) is not _stays(now, person)
        ]
        if not others:
            return Sight(floor=floor, rows=before.rows)
        rows = dict(before.rows)
        for stay in (stay for person in others for stay in _stays(then, person)):
            rows.pop(stay.visit, None)
        here = (now[person] for person in others if person in now)
        rows |= _rows(here, viewer, floor.place.ladder)
    ordered = sorted(rows.values(), key=_place)
    return Sight(floor=floor, rows={each.visit: each for each in ordered})


def difference(before: Mapping[VisitId, Said], now: Mapping[VisitId, Said]) -> Difference:
    """Return what somebody who knows `before` must be told to know `now`."""
    return Difference(
        changed=tuple(
            visit for visit, each in now.items() if visit not in before or before[visit] != each
        ),
        gone=tuple(visit for visit in before if visit not in now),
    )


def _guest(
    stored: Stored, place: Place, before: Guest | None, now_ms: Millis, rules: VisitRules
) -> Guest:
    stays = () if before is None else before.stays
    zones = {stay.visit: stay.found_in for stay in stays if stay.found_in is not None}
    now: Stays = stays_of(stored, place, zones, now_ms, rules)
    return Guest(
        stored=stored,
        stays=stays if now.stays == stays else now.stays,
        until_ms=now.until_ms,
    )


def _stays(guests: Mapping[PersonId, Guest], person: PersonId) -> tuple[Stay, ...]:
    guest = guests.get(person)
    return () if guest is None else guest.stays


def _place(row: Row) -> tuple[int, Millis, VisitId]:
    return row.turn.rank, row.turn.since_ms, row.visit


def _rows(guests: Iterable[Guest], viewer: Viewer, ladder: Table) -> dict[VisitId, Row]:
    rows = (row(stay, viewer, ladder) for guest in guests for stay in guest.stays)
    return {each.visit: each for each in rows if each is not None}
