"""Who may be shown at all: the one way from people to a screen or an API.

Owns: reading what `core.board.subject` decides by.
Never: the decision. Staff and people who left are nobody here.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Never

from shopbell_server.core.board.subject import subject_of
from shopbell_server.usecases.groups import groups_of, ledgers
from shopbell_server.usecases.staff.channel_facts import told_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.board.subject import Subject
    from shopbell_server.core.channels.facts import ChannelFact
    from shopbell_server.core.consent.ledger import Entry
    from shopbell_server.core.identity.people import Enrolment, Profile
    from shopbell_server.core.ids import PersonId, ProfileId
    from shopbell_server.core.visits.joined import Group
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.usecases.groups import Groups


_NOTHING: Final[Mapping[PersonId, Never]] = MappingProxyType({})


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
    members = [each for group in groups.values() for each in group.members]
    under = ledgers_under(
        work,
        profiles.keys(),
        known={**enrolments, **{each.enrolment.person: each.enrolment for each in members}},
        said={
            **{person: ledger.get(person, ()) for person in enrolments.keys() - groups.keys()},
            **{each.enrolment.person: each.entries for each in members},
        },
    )
    facts = told_of(work, profiles.keys())
    found: dict[PersonId, Subject] = {}
    for person, enrolment in enrolments.items():
        group = groups.get(person)
        others = _others(under.get(enrolment.profile, {}), {person})
        subject = (
            subject_of(
                enrolment,
                profiles.get(enrolment.profile),
                ledger.get(person, ()),
                others,
                facts.get(enrolment.profile, ()),
            )
            if group is None
            else _subject_of_all(group, profiles, under, facts)
        )
        if subject is not None:
            found[person] = subject
    return found, groups


def ledgers_under(
    work: UnitOfWork,
    profiles: Collection[ProfileId],
    known: Mapping[PersonId, Enrolment] = _NOTHING,
    said: Mapping[PersonId, Sequence[Entry]] = _NOTHING,
) -> Mapping[ProfileId, Mapping[PersonId, tuple[Entry, ...]]]:
    """Return the ledger of everybody who is enrolled under each of `profiles` and has not left.

    `known` are enrolments that were read already, `said` ledgers that were. So it costs one question where
    everybody under them was read.
    """
    enrolled = work.identity.enrolled(profiles)
    persons = {person for each in enrolled.values() for person in each}
    there = {**known, **work.people.enrolments(persons - known.keys())}
    standing = [
        person for person in sorted(persons & there.keys()) if there[person].revoked_ms is None
    ]
    others = [person for person in standing if person not in said]
    entries = {**said, **work.ledger.entries(others)}
    found: dict[ProfileId, dict[PersonId, tuple[Entry, ...]]] = {}
    for person in standing:
        hers = tuple(entries.get(person, ()))
        found.setdefault(there[person].profile, {})[person] = hers
    return found


def _others(
    ledgers: Mapping[PersonId, tuple[Entry, ...]], she: Collection[PersonId]
) -> list[tuple[Entry, ...]]:
    return [entries for person, entries in ledgers.items() if person not in she]


def _subject_of_all(
    group: Group,
    profiles: Mapping[ProfileId, Profile],
    under: Mapping[ProfileId, Mapping[PersonId, tuple[Entry, ...]]],
    facts: Mapping[ProfileId, tuple[ChannelFact, ...]],
) -> Subject | None:
    """Return whom a group is: whoever was enrolled first and has not left; nobody if one of it works here."""
    there = [each.enrolment for each in group.members if each.enrolment.revoked_ms is None]
    each_is = [
        subject_of(
            each,
            profiles.get(each.profile),
            group.ledger,
            _others(under.get(each.profile, {}), group.persons),
            facts.get(each.profile, ()),
        )
        for each in there
    ]
    return None if None in each_is else next(iter(each_is), None)
