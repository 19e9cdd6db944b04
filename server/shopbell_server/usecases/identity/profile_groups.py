"""Let enrolments be one human, or several, as the history of profiles says.

Owns: bringing the groups of joined enrolments up to that history, and keeping them when some of it goes.
Never: what follows for visits and consent (`joined`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.identity.groups import groups_of, steps
from shopbell_server.core.identity.guards import Refused
from shopbell_server.core.identity.history import Moved, folded
from shopbell_server.core.ids import PersonId
from shopbell_server.usecases.identity.profile_holds import connected, write
from shopbell_server.usecases.visits.joined import NotJoined, join, part

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from shopbell_server.core.identity.groups import Groups
    from shopbell_server.core.identity.history import IdentityEntry
    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.core.ids import Millis, ProfileId, StoreId
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
    forgotten.
    """
    before = connected(work, profiles)
    named = _people_of(work, before)
    work.identity.forget(profiles)
    there = {person: each for person, each in named.items() if each.profile not in set(profiles)}
    for source, moved, joined in _to_be_said_anew(work, there):
        write(
            work,
            entropy,
            now_ms,
            what="followed",
            source=source,
            target=source,
            moved=moved,
            reason="customer_asked",
            by="",
            joined_as="one_person" if joined else None,
            joined=joined,
            after=before,
        )


def _to_be_said_anew(
    work: UnitOfWork, there: Mapping[PersonId, Enrolment]
) -> Iterator[tuple[ProfileId, Moved, frozenset[PersonId]]]:
    """Yield what is so and no longer follows from the history: what is where, and who is one human."""
    profiles = {each.profile for each in there.values()}
    history = connected(work, profiles)
    profiles |= {each for entry in history for each in (entry.source, entry.target) if each}
    graph = folded(work.identity.born(profiles), history)
    enrolled, links = work.identity.enrolled(profiles), work.identity.links(profiles)
    for profile in sorted(profiles):
        astray = Moved(
            persons=tuple(
                each
                for each in sorted(enrolled.get(profile, ()))
                if graph.persons.get(each) != profile
            ),
            links=tuple(
                sorted(
                    each.id
                    for each in links.get(profile, ())
                    if graph.links.get(each.id) != profile
                )
            ),
        )
        if astray:
            yield profile, astray, frozenset()
    now = _joined_now(work, there)
    said = _among(groups_of(history), there.keys())
    alone = frozenset[PersonId]().union(*(said - now)).difference(*now)
    for group in sorted((now - said) | {frozenset({person}) for person in alone}, key=min):
        yield there[min(group)].profile, Moved(), group


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
