"""Let enrolments be one human, or several, as the history of profiles says.

Owns: bringing the groups of joined enrolments up to that history, and keeping them when some of it goes.
Never: what follows for visits and consent (`joined`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.identity.anew import Present, said_anew, without
from shopbell_server.core.identity.groups import groups_of, steps
from shopbell_server.core.identity.guards import Refused
from shopbell_server.usecases.identity.profile_holds import connected, named_in, write
from shopbell_server.usecases.visits.joined import NotJoined, join, part

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.identity.groups import Groups
    from shopbell_server.core.identity.history import IdentityEntry
    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.core.ids import Millis, PersonId, ProfileId, StoreId
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy
    from shopbell_server.usecases.visits.recompute import Terms


def regroup(
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    profiles: Collection[ProfileId],
    terms: Terms,
) -> Mapping[StoreId, frozenset[PersonId]] | Refused:
    """Part and join the enrolments of `profiles` and of whatever they are connected with by their history.

    Returns whom boards have to look at again, by store.
    """
    history = connected(work, profiles)
    there = _people_of(work, history)
    wanted = _among(groups_of(history), there.keys())
    parting, joining = steps(_joined_now(work, there), wanted)
    changed: dict[StoreId, frozenset[PersonId]] = {}
    for persons in parting:
        _add(changed, part(work, entropy, now_ms, persons=persons, terms=terms).changed)
    for persons in joining:
        regrouped = join(work, entropy, now_ms, persons=persons, terms=terms)
        if isinstance(regrouped, NotJoined):
            detail = (
                "So many enrolments cannot be one human. Merge them as a household, or take out first those "
                "that are not hers."
            )
            return Refused(guard="too_many_to_join", detail=detail)
        _add(changed, regrouped.changed)
    return changed


def forget_profiles(
    work: UnitOfWork, entropy: Entropy, now_ms: Millis, profiles: Collection[ProfileId]
) -> None:
    """Remove profiles under which nobody stands enrolled, with their identifiers and history.

    Entries that name them go too, and with these what they said of people who stay. Where that changes what
    follows from the history, it is said anew: nobody is joined, parted or moved because somebody else was
    forgotten. The caller holds them with all that they are connected with (`hold_connected`).
    """
    before = connected(work, profiles)
    left = without(before, frozenset(profiles))
    work.identity.forget(profiles)
    there = named_in(before) - set(profiles)
    for each in said_anew(work.identity.born(there), left, _present(work, there)):
        write(
            work,
            entropy,
            now_ms,
            what="followed",
            source=each.profile,
            target=each.profile,
            moved=each.moved,
            reason="customer_asked",
            by="",
            joined_as="one_person" if each.joined else None,
            joined=each.joined,
            after=before,
        )


def _present(work: UnitOfWork, profiles: Collection[ProfileId]) -> Present:
    enrolled = work.identity.enrolled(profiles)
    persons = {each: profile for profile, found in enrolled.items() for each in found}
    links = work.identity.links(profiles)
    return Present(
        persons=persons,
        links={each.id: profile for profile, found in links.items() for each in found},
        groups=_joined_now(work, work.people.enrolments(persons)),
    )


def _people_of(work: UnitOfWork, history: Sequence[IdentityEntry]) -> Mapping[PersonId, Enrolment]:
    """Return those whom a history names and who are still there."""
    named = {person for entry in history for person in (*entry.moved.persons, *entry.joined)}
    return work.people.enrolments(named)


def _joined_now(work: UnitOfWork, there: Mapping[PersonId, Enrolment]) -> Groups:
    heads = {each.head for each in there.values() if each.head is not None}
    return frozenset(frozenset(members) for members in work.joined.under(heads).values())


def _among(groups: Groups, there: Collection[PersonId]) -> Groups:
    """Return what is left of `groups` of those who are still there."""
    left = (group.intersection(there) for group in groups)
    return frozenset(group for group in left if len(group) > 1)


def _add(
    changed: dict[StoreId, frozenset[PersonId]], more: Mapping[StoreId, frozenset[PersonId]]
) -> None:
    for store, persons in more.items():
        changed[store] = changed.get(store, frozenset()) | persons
