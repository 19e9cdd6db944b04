"""Sightings and codes become evidence of people, or are forgotten.

Owns: asking who is meant, for everything of a group of batches at once.
Never: visits (`recompute`), or a trace of whom it could not know.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shopbell_server.core import passes
from shopbell_server.core.acceptance import Known, accepted, allowed, span_of
from shopbell_server.core.admission import Times
from shopbell_server.core.evidence import Evidence, Interval, IntervalKey
from shopbell_server.core.frame_trust import evidence_of, mac_is_fresh
from shopbell_server.core.ids import Millis, PersonId
from shopbell_server.core.token_windows import WINDOW_S
from shopbell_server.core.tokens import candidates, candidates_of_undated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shopbell_server.core.admission import Seen, Shown
    from shopbell_server.core.evidence import Carrier
    from shopbell_server.core.ids import CardRef
    from shopbell_server.core.people import Card, Enrolment
    from shopbell_server.core.registry import Edge
    from shopbell_server.core.tokens import Candidate, KeyRing
    from shopbell_server.ports import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one batch has: who heard it, and what."""

    edge: Edge
    seen: Sequence[Seen]
    shown: Sequence[Shown]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassUse:
    """A pass that was accepted: her code, where and when."""

    interval: Interval


@dataclass(slots=True, kw_only=True)
class Recognised:
    """Evidence of people, and how much of what came to nothing."""

    intervals: list[Interval] = field(default_factory=list)
    passes: list[PassUse] = field(default_factory=list)
    known: Known
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, result: str) -> None:
        """Count an event under `result`."""
        self.counts[result] = self.counts.get(result, 0) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sighting:
    edge: Edge
    seen: Seen
    meant: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Code:
    edge: Edge
    shown: Shown
    code: passes.PassCode


def recognise(
    work: UnitOfWork, heard: Iterable[Heard], ring: KeyRing, now_ms: Millis
) -> Recognised:
    """Return the evidence in `heard` of people who consent, holding them until the work ends.

    Four questions to the database, however much was heard. A pass is used up by this.
    """
    heard = tuple(heard)
    sightings = [
        _Sighting(edge=each.edge, seen=seen, meant=_meant(seen, ring, now_ms))
        for each in heard
        for seen in each.seen
    ]
    codes = [
        _Code(edge=each.edge, shown=shown, code=code)
        for each in heard
        for shown in each.shown
        if isinstance(shown.scan.text, str) and (code := passes.parse(shown.scan.text)) is not None
    ]
    cards = work.people.cards({code.code.card for code in codes})
    known = _known(work, sightings, cards)
    found = Recognised(known=known)
    for sighting in sightings:
        _see(sighting, found, now_ms)
    holders = work.people.enrolments({card.person for card in cards.values()})
    for each in codes:
        _verify(work, each, cards, holders, found, now_ms)
    return found


def _meant(seen: Seen, ring: KeyRing, now_ms: Millis) -> tuple[Candidate, ...]:
    if seen.at is None:
        return candidates_of_undated(ring, seen.presence.token, now_ms)
    return candidates(ring, seen.presence.token, seen.at.last_ms)


def _known(
    work: UnitOfWork, sightings: Sequence[_Sighting], cards: Mapping[CardRef, Card]
) -> Known:
    by_device_no = work.people.by_device_no(
        {candidate.device_no for each in sightings for candidate in each.meant}
    )
    enrolled = {enrolment.person: enrolment for enrolment in by_device_no.values()}
    persons = enrolled.keys() | {card.person for card in cards.values()}
    # Held before anything is decided, so that a withdrawal is wholly before or wholly after.
    work.people.lock(persons)
    holders = work.people.enrolments(persons)
    return Known(
        by_device_no={number: holders[each.person] for number, each in by_device_no.items()},
        issued=work.people.issued(enrolled.keys()),
        ledger=work.ledger.entries(persons),
        profiles=work.people.profiles({each.profile for each in holders.values()}),
    )


def _see(sighting: _Sighting, found: Recognised, now_ms: Millis) -> None:
    seen = sighting.seen
    times = seen.at or _dated_by_token(sighting, now_ms)
    if times is None:
        return found.count("unresolved")
    enrolment = accepted(sighting.meant, found.known, times.last_ms, now_ms)
    if enrolment is None:
        return found.count("unresolved")
    fresh = (
        isinstance(seen.presence.mac, str)
        and times.mac_ms is not None
        and mac_is_fresh(enrolment.mac_key, seen.presence.token, seen.presence.mac, times.mac_ms)
    )
    found.intervals.append(
        _interval(
            sighting.edge,
            seen.presence.scanner,
            seen.presence.frame,
            enrolment.person,
            _consented(times, found.known, enrolment.person),
            n=seen.presence.n,
            evidence=evidence_of(seen.presence.frame, mac_fresh=fresh),
            loss_db=seen.presence.loss_db.median,
        )
    )
    return found.count("recognised")


def _dated_by_token(sighting: _Sighting, now_ms: Millis) -> Times | None:
    """Return the times of a sighting whose edge knew none, from the window of its id64.

    The stay keeps its length; it is put at the end of its window, or of the past.
    """
    if not sighting.meant:
        return None
    window = sighting.meant[0].window
    last_ms = Millis(min((window + 1) * WINDOW_S * 1000 - 1, now_ms))
    presence = sighting.seen.presence
    stayed_ms = max(0, presence.last_ms - presence.first_ms)
    first_ms = Millis(max(last_ms - stayed_ms, window * WINDOW_S * 1000))
    return Times(first_ms=first_ms, last_ms=last_ms, mac_ms=None)


def _consented(times: Times, known: Known, person: PersonId) -> Times:
    """Return the part of a stay that lies in the stretch of consent in which it ended."""
    span = span_of(known.ledger[person], times.last_ms)
    return Times(
        first_ms=Millis(max(times.first_ms, span.from_ms)),
        last_ms=times.last_ms,
        mac_ms=times.mac_ms,
    )


def _verify(
    work: UnitOfWork,
    code: _Code,
    cards: Mapping[CardRef, Card],
    holders: Mapping[PersonId, Enrolment],
    found: Recognised,
    now_ms: Millis,
) -> None:
    card = cards.get(code.code.card)
    if card is None:
        return found.count("pass_unknown")
    holder = holders[card.person]
    at_ms = code.shown.at_ms
    if not allowed(holder, found.known, at_ms, now_ms):
        return found.count("pass_not_allowed")
    verdict = passes.verify(code.code, card.secret, at_ms)
    if isinstance(verdict, passes.Refused):
        return found.count(f"pass_{verdict.reason}")
    if not work.intervals.first_use(card.ref, verdict.step, at_ms):
        return found.count("pass_used")
    interval = _interval(
        code.edge,
        code.shown.scan.scanner,
        "pass",
        card.person,
        Times(first_ms=at_ms, last_ms=at_ms, mac_ms=None),
        n=1,
        evidence=Evidence.PASS,
        loss_db=None,
    )
    found.intervals.append(interval)
    found.passes.append(PassUse(interval=interval))
    return found.count("pass_accepted")


def _interval(  # noqa: PLR0913  (the fields of an interval, each by name)
    edge: Edge,
    scanner: str,
    carrier: Carrier,
    person: PersonId,
    times: Times,
    *,
    n: int,
    evidence: Evidence,
    loss_db: float | None,
) -> Interval:
    return Interval(
        key=IntervalKey(
            person=person,
            store=edge.store,
            edge=edge.id,
            scanner=scanner,
            carrier=carrier,
            first_ms=times.first_ms,
        ),
        last_ms=times.last_ms,
        n=n,
        evidence=evidence,
        zone=edge.zones.get(scanner, edge.zones.get("*")),
        loss_db=loss_db,
    )
