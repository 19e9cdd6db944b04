"""Who may be shown at all: the one way from people to a screen or an API.

Owns: reading what `core.subject` decides by.
Never: the decision. Staff and people who left are nobody here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.subject import subject_of
from shopbell_server.usecases.groups import groups_of, ledgers

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.ids import PersonId, ProfileId
    from shopbell_server.core.joined import Group
    from shopbell_server.core.people import Profile
    from shopbell_server.core.subject import Subject
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.usecases.groups import Groups


def subjects(work: UnitOfWork, persons: Collection[PersonId]) -> Mapping[PersonId, Subject]:
    """Return those of `persons` of whom anything may be shown; the others are left out."""
    return subjects_and_groups(work, persons)[0]


def subjects_and_groups(
    work: UnitOfWork, persons: Collection[PersonId]
) -> tuple[Mapping[PersonId, Subject], Groups]:
    """Return the same, and the groups of those who are joined: what is shown of those is what all allow."""
    enrolments = work.people.enrolments(persons)
    groups = groups_of(work, enrolments.values())
    joined = (each.enrolment for group in groups.values() for each in group.members)
    profiles = work.people.profiles({each.profile for each in (*enrolments.values(), *joined)})
    ledger = ledgers(work, enrolments.keys(), groups)
    found: dict[PersonId, Subject] = {}
    for person, enrolment in enrolments.items():
        group = groups.get(person)
        subject = (
            subject_of(enrolment, profiles.get(enrolment.profile), ledger.get(person, ()))
            if group is None
            else _subject_of_all(group, profiles)
        )
        if subject is not None:
            found[person] = subject
    return found, groups


def _subject_of_all(group: Group, profiles: Mapping[ProfileId, Profile]) -> Subject | None:
    """Return whom a group is: whoever was enrolled first and has not left; nobody if one of it works here."""
    there = [each.enrolment for each in group.members if each.enrolment.revoked_ms is None]
    each_is = [subject_of(each, profiles.get(each.profile), group.ledger) for each in there]
    return None if None in each_is else next(iter(each_is), None)
