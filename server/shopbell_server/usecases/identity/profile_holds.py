"""Hold profiles with all that they have, and write an entry of their history.

Owns: the order of locks (profiles, then people), and the number of an entry.
Never: whether something may be done (`core.identity.changes`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.identity.changes import Holding
from shopbell_server.core.identity.history import IdentityEntry, chain, next_number
from shopbell_server.core.ids import EntryId
from shopbell_server.ports.database import DatabaseBusyError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from shopbell_server.core.identity.history import As, Moved, Reason, What
    from shopbell_server.core.ids import Millis, PersonId, ProfileId
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy


def chain_of(work: UnitOfWork, profile: ProfileId) -> tuple[ProfileId, ...]:
    """Return `profile` and what it is part of, the one that stands for all of them last; holds none."""
    absorbed: dict[ProfileId, ProfileId] = {}
    at = profile
    while (into := work.identity.absorbed([at]).get(at)) is not None:
        absorbed[at] = at = into
    return chain(absorbed, profile)


def with_parts(work: UnitOfWork, profile: ProfileId) -> Sequence[ProfileId]:
    """Return `profile` and all that are part of it, itself first; holds none."""
    profiles = [profile]
    inner: Sequence[ProfileId] = profiles
    while inner := sorted(work.identity.taken_in(inner)):
        profiles = [*profiles, *inner]
    return profiles


def hold_chain(work: UnitOfWork, profile: ProfileId) -> tuple[ProfileId, ...]:
    """Return the same, and hold them all. Raises DatabaseBusyError if one was merged meanwhile."""
    found = chain_of(work, profile)
    work.identity.hold(found)
    if chain_of(work, profile) != found:
        raise DatabaseBusyError("a profile was merged meanwhile")
    return found


def hold_ids(work: UnitOfWork, profiles: Collection[ProfileId]) -> None:
    """Hold the ids of `profiles`, whether they are there or not, until the unit of work ends.

    Whoever makes a profile holds its id before anything is sealed for it, and whoever destroys the key of
    one that was erased holds it meanwhile. Ids are held before profiles.
    """
    work.identity.hold_values([(_ID, each) for each in profiles])


def require_new_key(work: UnitOfWork, profiles: Collection[ProfileId]) -> None:
    """Raise DatabaseBusyError while the key of one of `profiles`, which was erased, is still there.

    What is sealed with it would become unreadable in a moment. The caller holds the ids, and asks once more
    when the rows are written: they may have waited for the erasure.
    """
    if work.erasures.has_keys_left(profiles):
        raise DatabaseBusyError("a profile of this id is being forgotten")


def holdings(work: UnitOfWork, profiles: Collection[ProfileId]) -> Mapping[ProfileId, Holding]:
    """Return those of `profiles` that are there, with all that they have. The caller holds them."""
    there = work.people.profiles(profiles)
    enrolled = work.identity.enrolled(there.keys())
    who = work.people.enrolments([each for persons in enrolled.values() for each in persons])
    links = work.identity.links(there.keys())
    absorbed = work.identity.absorbed(there.keys())
    return {
        each: Holding(
            profile=profile,
            enrolments=tuple(who[person] for person in enrolled.get(each, ())),
            links=tuple(links.get(each, ())),
            part_of=absorbed.get(each),
        )
        for each, profile in there.items()
    }


def connected(work: UnitOfWork, profiles: Collection[ProfileId]) -> Sequence[IdentityEntry]:
    """Return the whole history of `profiles`, of all that they exchanged something with, and so on."""
    known = set(profiles)
    while True:
        history = work.identity.history(known)
        named = named_in(history)
        if named <= known:
            return history
        known |= named


def named_in(history: Iterable[IdentityEntry]) -> set[ProfileId]:
    """Return the profiles that a history names."""
    return {each for entry in history for each in (entry.source, entry.target) if each}


def hold_connected(work: UnitOfWork, profile: ProfileId) -> None:
    """Hold `profile` and whatever it is connected with, and everybody who is enrolled there.

    Raises DatabaseBusyError if it was connected with more meanwhile.
    """
    profiles = {profile, *named_in(connected(work, [profile]))}
    work.identity.hold(profiles)
    if named_in(connected(work, [profile])) - profiles:
        raise DatabaseBusyError("a profile was merged or split meanwhile")
    enrolled = work.identity.enrolled(profiles).values()
    work.people.lock([person for persons in enrolled for person in persons])


def write(  # noqa: PLR0913  (what an entry says, each by name)
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    *,
    what: What,
    source: ProfileId,
    target: ProfileId | None,
    moved: Moved,
    reason: Reason,
    by: str,
    about: EntryId | None = None,
    joined_as: As | None = None,
    joined: frozenset[PersonId] = frozenset(),
    after: Sequence[IdentityEntry] = (),
) -> IdentityEntry:
    """Write an entry and move what it moves. The caller holds the profiles; the people are held here.

    It comes after every entry of its profiles, and after those of others that are in `after`.
    """
    work.people.lock(moved.persons)
    profiles = [source] if target is None else [source, target]
    entry = IdentityEntry(
        id=EntryId(entropy.uuid7(now_ms)),
        number=next_number([*work.identity.history(profiles), *after]),
        what=what,
        at_ms=now_ms,
        source=source,
        target=target,
        moved=moved,
        about=about,
        joined_as=joined_as,
        joined=joined,
        reason=reason,
        by=by,
    )
    work.identity.append(entry)
    return entry


_ID: Final = "id of a profile"
"""Under which ids are held: no kind of identifier has a space."""
