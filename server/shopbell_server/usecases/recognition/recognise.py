"""Sightings and codes become evidence of people, or are forgotten.

Owns: asking who is meant, for everything of a group of batches at once.
Never: visits (`recompute`), or a trace of whom it could not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.evidence import Interval, IntervalKey, Report, told
from shopbell_server.core.identity.identifiers import LOYALTY_NUMBER
from shopbell_server.core.observations import Observation, taken_from_ms
from shopbell_server.core.recognition.acceptance import accepted, meanings, meant_by
from shopbell_server.core.recognition.frame_trust import MINUTE_MS, evidence_of, mac_is_fresh
from shopbell_server.core.recognition.spray import Tokens, minute_of
from shopbell_server.core.recognition.token_reader import DIGITS
from shopbell_server.usecases.groups import groups_of
from shopbell_server.usecases.recognition.codes import (
    may_be_known,
    take_numbers,
    take_passes,
    zone_of,
)
from shopbell_server.usecases.recognition.recognised import People, Recognised

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from shopbell_server.core.ids import DeviceNo, EdgeId, Millis, PersonId
    from shopbell_server.core.recognition.acceptance import Meant
    from shopbell_server.core.recognition.token_reader import Reading
    from shopbell_server.core.registry import Edge
    from shopbell_server.ports.batches import Stream
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.usecases.recognition.acquaintances import Acquaintances
    from shopbell_server.usecases.recognition.heard import Heard, Sightings
    from shopbell_wire.messages import Frame, Presence

_StayKey = tuple["PersonId", "EdgeId", str, "Frame", "Millis"]
"""Person, edge, scanner, frame, first sighting. A tuple: an `IntervalKey` takes longer to hash than the rest
of a sighting takes in all."""


def recognise(
    work: UnitOfWork,
    heard: Heard,
    acquaintances: Acquaintances,
    now_ms: Millis,
    unheard: Sequence[Interval] = (),
) -> Recognised:
    """Return the evidence in `heard` of people who consent, holding them until the work ends.

    As many questions to the database as there are kinds of them, however much was heard. A pass is
    used up by this; `acquaintances` learns of people. Of `unheard`, evidence that is stored, those who may be
    known are held too.
    """
    people = _people(work, heard, acquaintances, now_ms, {each.key.person for each in unheard})
    found = Recognised()
    found.unheard += [
        each
        for each in unheard
        if may_be_known(people.who.get(each.key.person), each.last_ms, now_ms)
    ]
    mac_keys = acquaintances.mac_keys(work, _signing(heard, people.meanings))
    stays = _Stays(people.meanings, mac_keys, taken_from_ms(now_ms))
    for sightings in heard.sightings:
        recognised = stays.add(sightings)
        found.counts["recognised"] += recognised
        found.counts["unresolved"] += len(sightings.seen) - recognised
    found.intervals += stays.intervals()
    found.observations = stays.observations
    found.nobody = stays.nobody
    found.tokens = _begun(heard.sightings, people.numbers)
    take_passes(work, heard.passes, people, found, now_ms)
    take_numbers(work, heard.numbers, people, found, now_ms)
    found.groups = groups_of(work, (each.enrolment for each in people.who.values()))
    return found


def _people(
    work: UnitOfWork,
    heard: Heard,
    acquaintances: Acquaintances,
    now_ms: Millis,
    also: Collection[PersonId],
) -> People:
    readings = {reading for sightings in heard.sightings for _, reading in sightings.seen}
    cards = work.people.cards({each.code.card for each in heard.passes})
    numbered = work.identity.persons_by(LOYALTY_NUMBER, {each.number for each in heard.numbers})
    marks = {reading.mark for reading in readings if reading.mark is not None}
    fixed = work.people.fixed_ids(marks)
    others = {*also, *(card.person for card in cards.values())}
    others |= {each.person for each in fixed.values()}
    others |= {person for enrolled in numbered.values() for person in enrolled}
    numbers = {candidate.device_no for reading in readings for candidate in reading.candidates}
    who = acquaintances.hold(work, numbers, others)
    # Once more, now that nobody who is held can give one back: one that changed hands is of no one held.
    fixed = work.people.fixed_ids(fixed.keys())
    by_device_no = {each.enrolment.device_no: each for each in who.values()}
    return People(
        who=who,
        meanings={
            each: meanings(each.candidates, by_device_no, now_ms)
            if each.mark is None
            else meant_by(fixed.get(each.mark), who, now_ms)
            for each in readings
        },
        numbers=by_device_no.keys(),
        cards=cards,
        numbered=numbered,
    )


def _signing(heard: Heard, meanings: Mapping[Reading, Sequence[Meant]]) -> Collection[PersonId]:
    """Return whose phones, as far as may be meant, signed what they sent."""
    return {
        each.enrolment.person
        for sightings in heard.sightings
        for seen, reading in sightings.seen
        if seen.mac_ms is not None and isinstance(seen.presence.mac, str)
        for each in meanings[reading]
    }


class _Stays:
    """Sightings by whose stay they report: several of one are put together before they are written."""

    def __init__(
        self,
        meanings: Mapping[Reading, Sequence[Meant]],
        mac_keys: Mapping[PersonId, bytes],
        taken_from_ms: Millis,
    ) -> None:
        self._meanings = meanings
        self._mac_keys = mac_keys
        self._taken_from_ms = taken_from_ms
        self.observations: list[Observation] = []
        self._fresh = _Freshness()
        self._reports: dict[_StayKey, list[Report]] = {}
        self._edges: dict[EdgeId, Edge] = {}
        self.nobody: dict[Stream, set[str]] = {}

    def add(self, sightings: Sightings) -> int:
        """Take the sightings of a batch; return how many are of somebody who may be known."""
        edge = sightings.edge
        self._edges[edge.id] = edge
        recognised = 0
        for (presence, seen_from_ms, last_ms, mac_ms), reading in sightings.seen:
            meant = accepted(self._meanings[reading], last_ms)
            if meant is None:
                self.nobody.setdefault((edge.id, sightings.stream), set()).add(presence.token)
                continue
            recognised += 1
            enrolment = meant.enrolment
            mac_fresh = mac_ms is not None and self._fresh.of(
                presence, mac_ms, self._mac_keys.get(enrolment.person)
            )
            report = Report(
                last_ms,
                presence.n,
                evidence_of(presence.frame, mac_fresh=mac_fresh),
                presence.loss_db.median,
            )
            if last_ms >= self._taken_from_ms:
                self.observations.append(
                    Observation(
                        enrolment.person,
                        edge.store,
                        edge.id,
                        presence.scanner,
                        presence.frame,
                        last_ms,
                        presence.loss_db.median,
                        presence.n,
                    )
                )
            first_ms = max(seen_from_ms, meant.counts_from_ms)
            stay = (enrolment.person, edge.id, presence.scanner, presence.frame, first_ms)
            reports = self._reports.get(stay)
            if reports is None:
                self._reports[stay] = [report]
            else:
                reports.append(report)
        return recognised

    def intervals(self) -> Iterator[Interval]:
        """Yield the stays, one interval for each."""
        for (person, edge_id, scanner, carrier, first_ms), reports in self._reports.items():
            edge = self._edges[edge_id]
            key = IntervalKey(person, edge.store, edge_id, scanner, carrier, first_ms)
            yield told(key, zone_of(edge, scanner), reports)


def _begun(
    sightings: Iterable[Sightings], numbers: Collection[DeviceNo]
) -> dict[tuple[EdgeId, int], Tokens]:
    """Return how many tokens began to be heard, by edge and minute: each once in its stay.

    Known is what some phone of ours sends, whether she may be known or not: people who work here and those
    who withdrew are nobody, and no attack. Fixed ids are not counted: most of a retailer's are unsold.
    """
    counts: dict[tuple[EdgeId, int], Tokens] = {}
    for each in sightings:
        for seen, reading in each.seen:
            if seen.presence.phase != "entered" or seen.presence.frame not in DIGITS:
                continue
            key = each.edge.id, minute_of(seen.first_ms)
            known, unknown = counts.get(key, Tokens(0, 0))
            is_known = any(one.device_no in numbers for one in reading.candidates)
            counts[key] = Tokens(known + is_known, unknown + (not is_known))
    return counts


class _Freshness:
    """Judges macs. Several edges hear one phone, so that most come again: each is worked out once."""

    def __init__(self) -> None:
        self._judged: dict[tuple[bytes, str, str, int], bool] = {}

    def of(self, presence: Presence, mac_ms: Millis, mac_key: bytes | None) -> bool:
        """Return whether `presence` has a mac, heard at `mac_ms`, that is of that time."""
        if mac_key is None or not isinstance(presence.mac, str):
            return False
        name = (mac_key, presence.token, presence.mac, mac_ms // MINUTE_MS)
        judged = self._judged.get(name)
        if judged is None:
            judged = mac_is_fresh(mac_key, presence.token, presence.mac, mac_ms)
            self._judged[name] = judged
        return judged
