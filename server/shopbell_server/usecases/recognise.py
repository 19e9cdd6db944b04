"""Sightings and codes become evidence of people, or are forgotten.

Owns: asking who is meant, for everything of a group of batches at once.
Never: visits (`recompute`), or a trace of whom it could not know.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from shopbell_server.core import passes
from shopbell_server.core.acceptance import Known, accepted, issued_to, knowable, span_of
from shopbell_server.core.admission import Times
from shopbell_server.core.evidence import Evidence, Interval, IntervalKey
from shopbell_server.core.frame_trust import MINUTE_MS, evidence_of, mac_is_fresh
from shopbell_server.core.ids import Millis
from shopbell_server.core.loyalty_numbers import KIND, Guesses, is_refused, with_unknown
from shopbell_server.core.token_windows import WINDOW_S, on_air_ms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.core.acceptance import Meant
    from shopbell_server.core.consent import Entry
    from shopbell_server.core.evidence import Carrier
    from shopbell_server.core.ids import CardRef, EdgeId, PersonId, ZoneId
    from shopbell_server.core.people import Card, Enrolment
    from shopbell_server.core.registry import Edge
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.usecases.heard import Heard, Scanner, ShownNumber, ShownPass, Sighting
    from shopbell_wire.messages import Presence


@dataclass(slots=True, kw_only=True)
class Recognised:
    """Evidence of people, and how much of what came to nothing.

    `passes` are those of the intervals that a pass gave.
    """

    intervals: list[Interval] = field(default_factory=list)
    passes: list[Interval] = field(default_factory=list)
    ledger: Mapping[PersonId, Sequence[Entry]]
    counts: Counter[str] = field(default_factory=Counter)
    guessing: set[EdgeId] = field(default_factory=set)
    """Edges at which somebody tries numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _People:
    """Everybody who might be meant, held until the work ends."""

    known: Known
    ledger: Mapping[PersonId, Sequence[Entry]]
    cards: Mapping[CardRef, Card]
    numbered: Mapping[str, Sequence[Enrolment]]


def recognise(
    work: UnitOfWork, heard: Heard, guesses: dict[Scanner, Guesses], now_ms: Millis
) -> Recognised:
    """Return the evidence in `heard` of people who consent, holding them until the work ends.

    As many questions to the database as there are kinds of them, however much was heard. A pass is
    used up by this; `guesses` learns of numbers that nobody has.
    """
    people = _people(work, heard, now_ms)
    found = Recognised(ledger=people.ledger)
    fresh = _Freshness()
    for sighting in heard.sightings:
        interval = _seen(sighting, people.known, fresh, now_ms)
        if interval is not None:
            found.intervals.append(interval)
    found.counts["recognised"] += len(found.intervals)
    found.counts["unresolved"] += len(heard.sightings) - len(found.intervals)
    for shown_pass in heard.passes:
        verdict = _verified(work, shown_pass, people)
        found.counts[f"pass_{verdict}"] += 1
        if verdict == "accepted":
            person = people.cards[shown_pass.code.card].person
            interval = _act(shown_pass, person, "pass", Evidence.PASS)
            found.intervals.append(interval)
            found.passes.append(interval)
    for shown_number in heard.numbers:
        claimed = _claimed(shown_number, people, guesses)
        if isinstance(claimed, Interval):
            found.intervals.append(claimed)
        elif claimed == "refused":
            found.guessing.add(shown_number.edge.id)
        found.counts[
            "number_accepted" if isinstance(claimed, Interval) else f"number_{claimed}"
        ] += 1
    return found


def _people(work: UnitOfWork, heard: Heard, now_ms: Millis) -> _People:
    candidates = {candidate for each in heard.sightings for candidate in each.candidates}
    by_device_no = work.people.by_device_no({candidate.device_no for candidate in candidates})
    cards = work.people.cards({each.code.card for each in heard.passes})
    numbered = work.people.by_external_id(KIND, {each.number for each in heard.numbers})
    heard_of = {each.person for each in by_device_no.values()}
    persons = heard_of | {card.person for card in cards.values()}
    persons |= {each.person for enrolled in numbered.values() for each in enrolled}
    # Held before anything is decided, so that a withdrawal is wholly before or wholly after.
    work.people.lock(persons)
    enrolments = work.people.enrolments(persons)
    ledger = work.ledger.entries(persons)
    profiles = work.people.profiles({each.profile for each in enrolments.values()})
    known = Known(
        issued_to=issued_to(
            candidates,
            # As they are now: who withdrew and came back while we waited has another number.
            {each.device_no: each for each in enrolments.values()},
            work.people.issued(heard_of),
        ),
        knowable={
            person: knowable(each, profiles.get(each.profile), ledger.get(person, ()), now_ms)
            for person, each in enrolments.items()
        },
    )
    return _People(known=known, ledger=ledger, cards=cards, numbered=numbered)


class _Freshness:
    """Judges macs. Several edges hear one phone, so that most come again: each is worked out once."""

    def __init__(self) -> None:
        self._judged: dict[tuple[bytes, str, str, int], bool] = {}

    def of(self, presence: Presence, mac_ms: Millis | None, mac_key: bytes) -> bool:
        """Return whether `presence` has a mac, heard at `mac_ms`, that is of that time."""
        if not isinstance(presence.mac, str) or mac_ms is None:
            return False
        name = (mac_key, presence.token, presence.mac, mac_ms // MINUTE_MS)
        judged = self._judged.get(name)
        if judged is None:
            judged = mac_is_fresh(mac_key, presence.token, presence.mac, mac_ms)
            self._judged[name] = judged
        return judged


def _seen(sighting: Sighting, known: Known, fresh: _Freshness, now_ms: Millis) -> Interval | None:
    """Return the stay of somebody who may be known, as far as she may be."""
    presence = sighting.seen.presence
    times = sighting.seen.at or _dated_by_token(sighting, now_ms)
    if times is None:
        return None
    meant = accepted(sighting.candidates, known, times.last_ms)
    if meant is None:
        return None
    enrolment = meant.enrolment
    mac_fresh = fresh.of(presence, times.mac_ms, enrolment.mac_key)
    return Interval(
        key=IntervalKey(
            person=enrolment.person,
            store=sighting.edge.store,
            edge=sighting.edge.id,
            scanner=presence.scanner,
            carrier=presence.frame,
            first_ms=_first_ms(times, meant),
        ),
        last_ms=times.last_ms,
        n=presence.n,
        evidence=evidence_of(presence.frame, mac_fresh=mac_fresh),
        zone=_zone(sighting.edge, presence.scanner),
        loss_db=presence.loss_db.median,
    )


def _first_ms(times: Times, meant: Meant) -> Millis:
    """Return since when a stay counts: since she consented, and not before its token was on the air."""
    return max(times.first_ms, meant.span.from_ms, on_air_ms(meant.window))


def _dated_by_token(sighting: Sighting, now_ms: Millis) -> Times | None:
    """Return the times of a sighting whose edge knew none, from the window of its id64.

    The stay keeps its length and is put at the beginning of the window, whatever the time of asking,
    so that all reports of it are of one stay.
    """
    if not sighting.candidates:
        return None
    window = sighting.candidates[0].window
    first_ms = window * WINDOW_S * 1000
    presence = sighting.seen.presence
    stayed_ms = max(0, presence.last_ms - presence.first_ms)
    last_ms = min(first_ms + min(stayed_ms, WINDOW_S * 1000 - 1), now_ms)
    return Times(first_ms=Millis(first_ms), last_ms=Millis(last_ms), mac_ms=None)


def _verified(work: UnitOfWork, shown: ShownPass, people: _People) -> str:
    """Return "accepted", or why a pass is not."""
    card = people.cards.get(shown.code.card)
    if card is None:
        return "unknown"
    if span_of(people.known.knowable.get(card.person, ()), shown.at_ms) is None:
        return "not_allowed"
    verdict = passes.verify(shown.code, card.secret, shown.at_ms)
    if isinstance(verdict, passes.Refused):
        return verdict.reason
    return "accepted" if work.intervals.first_use(card.ref, verdict.step, shown.at_ms) else "used"


def _claimed(
    shown: ShownNumber, people: _People, guesses: dict[Scanner, Guesses]
) -> Interval | Literal["refused", "unknown", "not_allowed", "ambiguous"]:
    """Return the evidence of whose number it is, if that can be only one who may be known; or why not."""
    scanner = (shown.edge.id, shown.scanner)
    before = guesses.get(scanner, Guesses())
    if is_refused(before, shown.at_ms):
        return "refused"
    enrolled = people.numbered.get(shown.number)
    if enrolled is None:
        guesses[scanner] = with_unknown(before, shown.at_ms)
        return "unknown"
    could_be = [
        each.person
        for each in enrolled
        if span_of(people.known.knowable.get(each.person, ()), shown.at_ms) is not None
    ]
    if not could_be:
        return "not_allowed"
    if len(could_be) > 1:
        return "ambiguous"
    return _act(shown, could_be[0], "number", Evidence.HINT)


def _act(
    shown: ShownPass | ShownNumber, person: PersonId, carrier: Carrier, evidence: Evidence
) -> Interval:
    return Interval(
        key=IntervalKey(
            person=person,
            store=shown.edge.store,
            edge=shown.edge.id,
            scanner=shown.scanner,
            carrier=carrier,
            first_ms=shown.at_ms,
        ),
        last_ms=shown.at_ms,
        n=1,
        evidence=evidence,
        zone=_zone(shown.edge, shown.scanner),
        loss_db=None,
    )


def _zone(edge: Edge, scanner: str) -> ZoneId | None:
    return edge.zones.get(scanner, edge.zones.get("*"))
