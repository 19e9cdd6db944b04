"""People that a worker has met before: what decides whether each may be known, while nothing changed it.

Owns: holding people, and what is remembered of them between units of work.
Never: the decision (`core.recognition.acceptance`), or an answer from memory without the database's
word, given while she is held, that it still holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.recognition.acceptance import Acquaintance, allowed
from shopbell_server.usecases.groups import hold_more

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from shopbell_server.core.ids import DeviceNo, PersonId, Stamp
    from shopbell_server.ports.database import UnitOfWork

MOST_REMEMBERED: Final = 10_000
"""People, as many as `token_reader.MOST_REMEMBERED` has tokens of; with a year's consent and issues some
1.5 KB each, 15 MB. Beyond it all are forgotten and asked for again: 40 µs for each."""


class Acquaintances:
    """For one thread. Make new ones once a day: until then somebody is remembered, whatever became of her."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._known: dict[PersonId, tuple[Stamp, Acquaintance]] = {}
        self._by_number: dict[DeviceNo, PersonId] = {}
        self._mac_keys: dict[PersonId, bytes] = {}
        self._joined: dict[PersonId, frozenset[PersonId]] = {}
        """With whom people were joined when they were held last."""

    def hold(
        self, work: UnitOfWork, numbers: Collection[DeviceNo], others: Iterable[PersonId]
    ) -> Mapping[PersonId, Acquaintance]:
        """Return who has one of the device `numbers`, and `others`, holding them until the work ends.

        Whoever is joined with one of them is held and returned too. All of it is as it is while they are
        held, so that a withdrawal is wholly before or wholly after.
        """
        asked = {each: person for each in numbers if (person := self._by_number.get(each))}
        new = [each for each in numbers if each not in asked]
        wanted = {*asked.values(), *others}
        for person in self._joined.keys() & wanted:
            # With the others, in the order of their ids; who they are now is asked once they are held.
            wanted |= self._joined[person]
        held: dict[PersonId, Acquaintance] = {}
        tried: set[PersonId] = set()
        while True:
            wanted.update(each.person for each in work.people.by_device_no(new).values())
            self._hold(work, wanted - tried, held)
            tried |= wanted
            # Who withdrew and came back has another number; what she had is somebody else's, or nobody's.
            new = [
                number
                for number, person in asked.items()
                if person not in held or held[person].enrolment.device_no != number
            ]
            if not new:
                self._hold_joined(work, held)
                return held
            asked = {}

    def _hold_joined(self, work: UnitOfWork, held: dict[PersonId, Acquaintance]) -> None:
        """Add those who are joined with somebody who is held. Held, nobody is joined or parted."""
        heads = {each.enrolment.head for each in held.values()}
        heads.discard(None)
        if not heads:
            return
        joined = work.joined.under([head for head in heads if head is not None])
        # Remembered first: who begins anew holds them with the others.
        self._joined.update((each, frozenset(all_)) for all_ in joined.values() for each in all_)
        together = {each for persons in joined.values() for each in persons}
        self._hold(work, together - held.keys(), held)

    def mac_keys(self, work: UnitOfWork, persons: Collection[PersonId]) -> Mapping[PersonId, bytes]:
        """Return under what the phones of people who are held sign what they send, where it can be read."""
        asked = [each for each in persons if each not in self._mac_keys]
        for person, phone in work.people.phones(asked).items():
            self._mac_keys[person] = phone.mac_key
        return self._mac_keys

    def _hold(
        self, work: UnitOfWork, persons: Collection[PersonId], held: dict[PersonId, Acquaintance]
    ) -> None:
        """Add `persons`, as far as they are there, to those who are held; to some, without waiting."""
        if not persons:
            return
        stamps = hold_more(work, persons) if held else work.people.lock(persons)
        changed = []
        for person, stamp in stamps.items():
            known = self._known.get(person)
            if known is None or known[0] != stamp:
                changed.append(person)
            else:
                held[person] = known[1]
        if not changed:
            return
        if len(self._known) + len(changed) > self._most:
            self._known.clear()
            self._by_number.clear()
            self._mac_keys.clear()
            self._joined.clear()
        for person, acquaintance in _asked(work, changed).items():
            self._mac_keys.pop(person, None)
            before = self._known.get(person)
            if before is not None:
                self._by_number.pop(before[1].enrolment.device_no, None)
            self._known[person] = stamps[person], acquaintance
            self._by_number[acquaintance.enrolment.device_no] = person
            held[person] = acquaintance


def _asked(work: UnitOfWork, persons: Collection[PersonId]) -> dict[PersonId, Acquaintance]:
    enrolments = work.people.enrolments(persons)
    issued = work.people.issued(persons)
    ledger = work.ledger.entries(persons)
    staff = work.people.staff_among({each.profile for each in enrolments.values()})
    return {
        person: Acquaintance(
            enrolment=each,
            spans=allowed(each, ledger.get(person, ()), works_here=each.profile in staff),
            issued=tuple(issued.get(person, ())),
        )
        for person, each in enrolments.items()
    }
