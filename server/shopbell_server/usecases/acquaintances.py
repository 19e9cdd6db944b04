"""Who may be meant, asked of the database under a lock.

Owns: holding people, and what decides whether each may be known.
Never: the decision (`core.acceptance`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.acceptance import Acquaintance, allowed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.ids import DeviceNo, PersonId
    from shopbell_server.ports.database import UnitOfWork


class Acquaintances:
    """Holds people."""

    def hold(
        self, work: UnitOfWork, numbers: Collection[DeviceNo], others: Collection[PersonId]
    ) -> Mapping[PersonId, Acquaintance]:
        """Return who has one of the device `numbers`, and `others`, holding them until the work ends."""
        persons = {each.person for each in work.people.by_device_no(numbers).values()} | set(others)
        # Held before anything is decided, so that a withdrawal is wholly before or wholly after.
        work.people.lock(persons)
        # As they are now: who withdrew and came back while we waited has another number.
        enrolments = work.people.enrolments(persons)
        issued = work.people.issued(persons)
        ledger = work.ledger.entries(persons)
        profiles = work.people.profiles({each.profile for each in enrolments.values()})
        return {
            person: Acquaintance(
                enrolment=each,
                spans=allowed(each, profiles.get(each.profile), ledger.get(person, ())),
                issued=tuple(issued.get(person, ())),
            )
            for person, each in enrolments.items()
        }
