"""Whose profiles somebody's are, and which are left over when she was forgotten.

Owns: both decisions.
Never: the forgetting (`usecases.keeping`), or what a profile is when nobody was ever enrolled under it.

A profile that others stand under stays when somebody is forgotten. It has to go when they are gone from it,
for then nothing of it is anybody's: by a merge that is undone, or by a split.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from shopbell_server.core.identity.history import IdentityEntry
    from shopbell_server.core.identity.people import Enrolment, Profile
    from shopbell_server.core.ids import PersonId, ProfileId


def profiles_of(
    person: PersonId, at: ProfileId, entries: Collection[IdentityEntry]
) -> frozenset[ProfileId]:
    """Return whose name and identifiers may be hers: where she began, and where splits that stand put her.

    Not where a merge took her: those are other people's. `at` is where she is, `entries` are all of it and of
    what it is connected with, in any order. She began where the first of them found her, for the profile of
    before may be forgotten. What a split made that was undone is a part of the profile that it came from.
    """
    undone = {entry.about for entry in entries if entry.what == "undone"}
    moves = sorted(
        (entry for entry in entries if person in entry.moved.persons),
        key=lambda entry: (entry.number, entry.id),
    )
    began = moves[0].source if moves else at
    put = {
        entry.target
        for entry in moves
        if (entry.what == "split" and entry.id not in undone)
        # Said anew: how she came there is forgotten.
        or (entry.what == "followed" and entry.about is None)
    }
    return frozenset({began, *(each for each in put if each is not None)})


def is_left_over(together: Collection[Profile], enrolled: Iterable[Enrolment]) -> bool:
    """Return whether a profile and its parts are nobody's since somebody was forgotten.

    That is, whether they would have gone with her had nobody else stood there: `enrolled` under them are at
    most some whose enrolments had ended by then. Profiles under which nobody was ever enrolled are no part
    of it: they are who a shop knows online.
    """
    forgotten = [each.forgotten_ms for each in together if each.forgotten_ms is not None]
    return bool(forgotten) and all(
        each.revoked_ms is not None and each.revoked_ms <= max(forgotten) for each in enrolled
    )
