"""Which enrolments are one human, by what merges said.

Owns: the groups that a history of profiles says.
Never: what being one human means for visits and consent (`joined`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shopbell_server.core.identity.history import IdentityEntry
    from shopbell_server.core.ids import PersonId

Groups = frozenset[frozenset["PersonId"]]
"""Each of two persons or more; nobody is in two."""


def groups_of(entries: Iterable[IdentityEntry]) -> Groups:
    """Return the groups that follow from a history, given in any order.

    A merge as one person makes one of all whom it names. A split parts those whom it takes out from the rest;
    they stay as they are among themselves. What was undone never was, so undoing restores the groups that
    there would be without it, whatever was done since; whom undoing a merge moves back is parted from those
    who stay. So who is one human is always enrolled under one profile. What is said anew after somebody was
    forgotten counts instead of what was said before.
    """
    history = sorted(entries, key=lambda entry: (entry.number, entry.id))
    undone = {entry.about for entry in history if entry.what == "undone"}
    merges = {entry.id for entry in history if entry.what == "merged"}
    groups: set[frozenset[PersonId]] = set()
    for entry in history:
        if entry.id in undone:
            continue
        if entry.joined_as == "one_person":
            if entry.what == "followed":
                groups = _apart(groups, entry.joined)
            touched = {group for group in groups if group & entry.joined}
            groups -= touched
            groups.add(entry.joined.union(*touched))
        elif entry.what == "split" or (entry.what == "undone" and entry.about in merges):
            groups = _apart(groups, frozenset(entry.moved.persons))
    return frozenset(group for group in groups if len(group) > 1)


def steps(
    now: Groups, wanted: Groups
) -> tuple[tuple[frozenset[PersonId], ...], tuple[frozenset[PersonId], ...]]:
    """Return whom to part and whom to join, in this order, so that the groups `now` become `wanted`.

    Each parting takes its persons out of their group together. Both in the order of their first ids.
    """
    part: list[frozenset[PersonId]] = []
    for group in now - wanted:
        pieces = {group & each for each in wanted if group & each}
        alone = group.difference(*wanted)
        pieces |= {frozenset({person}) for person in alone}
        # The last piece is what is left.
        part += sorted(pieces, key=min)[:-1]
    return tuple(sorted(part, key=min)), tuple(sorted(wanted - now, key=min))


def _apart(
    groups: Iterable[frozenset[PersonId]], out: frozenset[PersonId]
) -> set[frozenset[PersonId]]:
    return {piece for group in groups for piece in (group & out, group - out) if piece}
