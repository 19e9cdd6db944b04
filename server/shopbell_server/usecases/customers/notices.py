"""Tell a person's phones what happened elsewhere, and hear that they showed it.

Owns: who is told of a new phone, and what a phone still has to show.
Never: what a notice says (`core.delivery.notices`).
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from shopbell_server.core.delivery.notices import device_added

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.delivery.notices import Notice
    from shopbell_server.core.identity.people import Enrolment, Phone
    from shopbell_server.core.ids import Millis, PersonId
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy


class NotRead(Enum):
    """There is no such notice."""

    UNKNOWN = auto()


def tell_others(work: UnitOfWork, entropy: Entropy, new: Enrolment, phone: Phone) -> None:
    """Leave a notice for every other phone of the profile of `new` that has not left.

    Of two phones that enrol at once the second is told of nothing, and the first of the second.
    """
    now_ms = new.created_ms
    work.notices.add(
        [
            device_added(entropy.uuid7(now_ms), person, phone.model, now_ms)
            for person in work.notices.phones_under(new.profile)
            if person != new.person
        ]
    )


def unread(work: UnitOfWork, person: PersonId, now_ms: Millis) -> Sequence[Notice]:
    """Return what a phone of hers still has to show, the oldest first."""
    return [each for each in work.notices.of(person, now_ms) if each.read_ms is None]


def mark_read(work: UnitOfWork, now_ms: Millis, *, person: PersonId, notice: str) -> NotRead | None:
    """Write down that her phone showed it; again is fine."""
    return None if work.notices.read(person, notice, now_ms) else NotRead.UNKNOWN
