"""Which profile has which identifiers and enrolments: a history that only grows, and what follows from it.

Owns: entries of the history, and the fold that makes the present of them.
Never: whether something may be merged or taken apart (`changes`), or where a history is kept.

An enrolment and an identifier begin at the profile of which they were said: their home, which never changes.
Every entry after that names what it moved, from where and to where. So the present of a thing is where the
last entry that names it put it, and undoing an entry is moving back what is still where it put it.

Entries that share a profile are ordered by their numbers: each is one more than any before it at its profiles
(a Lamport clock). Entries that share none may have any order; nothing follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from shopbell_server.core.ids import EntryId, LinkId, Millis, PersonId, ProfileId

What = Literal["merged", "followed", "split", "undone", "unlinked"]
"""merged: `source` became part of `target`. followed: what was said of `source` since that merge, `about`,
went there too; without `about` it says anew what an entry said that went with a forgotten profile: that
something is at `source`, or that these are one human with each other and with nobody else. split: something
was taken out of `source` into the new profile `target`. undone: `about`, a merge or a split, was taken back.
unlinked: identifiers are nobody's any more, their values forgotten."""

As = Literal["one_person", "household"]
"""What a merge says of the enrolments of both: that they are one human, or that several share a card."""

Reason = Literal["duplicate", "household", "customer_asked", "mistake", "shared_value"]
"""Why; a word and no text, for the history outlives whom a text would be about."""

REASONS: Final[tuple[Reason, ...]] = (
    "duplicate",
    "household",
    "customer_asked",
    "mistake",
    "shared_value",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Enrolments and identifiers, each in the order of their ids."""

    persons: tuple[PersonId, ...] = ()
    links: tuple[LinkId, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.persons or self.links)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityEntry:
    """One line of the history. Holds no name, no value and no mark of one: ids alone."""

    id: EntryId
    number: int
    """From 1; larger than that of every earlier entry of `source` and of `target`."""
    what: What
    at_ms: Millis
    source: ProfileId
    target: ProfileId | None
    """None: unlinked."""
    moved: Moved
    about: EntryId | None = None
    """What is undone or followed."""
    joined_as: As | None = None
    """Of a merge, or of what is said anew."""
    joined: frozenset[PersonId] = frozenset()
    """Who is one human, by a merge as one person all who were enrolled on either side."""
    reason: Reason
    by: str
    """Who: `staff:ID`, `system:NAME` (an API key's), `operator:NAME` (at the terminal), or empty where the
    server followed an earlier entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Born:
    """Where things were first: their homes."""

    persons: Mapping[PersonId, ProfileId]
    links: Mapping[LinkId, ProfileId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The present: where each enrolment and each identifier is, and which profile is part of which."""

    persons: Mapping[PersonId, ProfileId]
    links: Mapping[LinkId, ProfileId]
    """Those that were unlinked are not among them."""
    absorbed: Mapping[ProfileId, ProfileId]
    """Profile → the one that took it in, which may be part of another in its turn."""


def folded(born: Born, entries: Iterable[IdentityEntry]) -> Graph:
    """Return what follows from a history, given in any order."""
    persons: dict[PersonId, ProfileId | None] = dict(born.persons)
    links: dict[LinkId, ProfileId | None] = dict(born.links)
    absorbed: dict[ProfileId, ProfileId | None] = {}
    before: dict[EntryId, IdentityEntry] = {}
    for entry in sorted(entries, key=_order):
        before[entry.id] = entry
        # What is not born (any more) is nowhere: erasing somebody leaves the entries that moved others.
        persons |= dict.fromkeys(persons.keys() & entry.moved.persons, entry.target)
        links |= dict.fromkeys(links.keys() & entry.moved.links, entry.target)
        change = absorption(entry, None if entry.about is None else before.get(entry.about))
        if change is not None:
            absorbed[change[0]] = change[1]
    return Graph(
        persons={each: at for each, at in persons.items() if at is not None},
        links={each: at for each, at in links.items() if at is not None},
        absorbed={each: into for each, into in absorbed.items() if into is not None},
    )


def absorption(
    entry: IdentityEntry, about: IdentityEntry | None
) -> tuple[ProfileId, ProfileId | None] | None:
    """Return which profile is part of which since `entry`, which is of `about`; of None: of itself again.

    None if the entry changes nothing of that kind.
    """
    if entry.target is None:
        return None
    if entry.what == "merged":
        return entry.source, entry.target
    if entry.what == "undone" and about is not None:
        # The profile that a split made is part of the one that it came from again.
        return (entry.target, None) if about.what == "merged" else (entry.source, entry.target)
    return None


def chain(absorbed: Mapping[ProfileId, ProfileId], profile: ProfileId) -> tuple[ProfileId, ...]:
    """Return `profile` and the profiles that it is part of, the one that stands for all of them last."""
    found = [profile]
    while found[-1] in absorbed:
        found.append(absorbed[found[-1]])
    return tuple(found)


def next_number(entries: Iterable[IdentityEntry]) -> int:
    """Return the number of a new entry, from those of its profiles."""
    return 1 + max((entry.number for entry in entries), default=0)


def undone_by(entries: Iterable[IdentityEntry], entry: EntryId) -> IdentityEntry | None:
    """Return what undid `entry`, if anything did."""
    found = (each for each in entries if each.what == "undone" and each.about == entry)
    return next(found, None)


def carried(entries: Collection[IdentityEntry], entry: IdentityEntry) -> Moved:
    """Return what `entry` moved, with what followed it since."""
    of_it = [
        entry,
        *(each for each in entries if each.what == "followed" and each.about == entry.id),
    ]
    return Moved(
        persons=tuple(sorted({person for each in of_it for person in each.moved.persons})),
        links=tuple(sorted({link for each in of_it for link in each.moved.links})),
    )


def _order(entry: IdentityEntry) -> tuple[int, str]:
    return entry.number, entry.id
