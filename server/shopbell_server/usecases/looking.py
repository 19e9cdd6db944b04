"""Who may be shown at all: the one way from people to a screen or an API.

Owns: reading what `core.subject` decides by.
Never: the decision. Staff and people who left are nobody here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.subject import subject_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.ids import PersonId
    from shopbell_server.core.subject import Subject
    from shopbell_server.ports.database import UnitOfWork


def subjects(work: UnitOfWork, persons: Collection[PersonId]) -> Mapping[PersonId, Subject]:
    """Return those of `persons` of whom anything may be shown; the others are left out."""
    enrolments = work.people.enrolments(persons)
    profiles = work.people.profiles({each.profile for each in enrolments.values()})
    ledger = work.ledger.entries(enrolments.keys())
    found: dict[PersonId, Subject] = {}
    for person, enrolment in enrolments.items():
        subject = subject_of(enrolment, profiles.get(enrolment.profile), ledger.get(person, ()))
        if subject is not None:
            found[person] = subject
    return found
