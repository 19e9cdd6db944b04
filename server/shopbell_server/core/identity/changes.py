"""Whether profiles may be merged or taken apart, what that moves, and what undoing it moves back.

Owns: those decisions.
Never: who may ask for them (`web`), or the writing of an entry (`usecases.identity.profile_holds`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopbell_server.core.identity.guards import Refused, why_not_together
from shopbell_server.core.identity.history import Moved, carried, undone_by

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from shopbell_server.core.identity.guards import Guards
    from shopbell_server.core.identity.history import IdentityEntry
    from shopbell_server.core.identity.identifiers import Link
    from shopbell_server.core.identity.people import Enrolment, Profile
    from shopbell_server.core.ids import LinkId, PersonId, ProfileId


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A profile with all that it has."""

    profile: Profile
    enrolments: tuple[Enrolment, ...]
    """Revoked ones too: they go where the others go, with their past."""
    links: tuple[Link, ...]
    part_of: ProfileId | None
    """The profile that took it in."""

    @property
    def everything(self) -> Moved:
        """Return all that would move with it."""
        return Moved(
            persons=tuple(sorted(each.person for each in self.enrolments)),
            links=tuple(sorted(each.id for each in self.links)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """What goes back, and what does not, for it is elsewhere by now or is gone."""

    source: ProfileId
    target: ProfileId
    moved: Moved
    stayed: Moved


def merge(survivor: Holding, other: Holding, guards: Guards) -> Moved | Refused:
    """Return what goes from `other` to `survivor` if one may become part of the other."""
    if survivor.profile.id == other.profile.id:
        detail = "A profile cannot be merged with itself. Name another one."
        return Refused(guard="same_profile", detail=detail)
    for each in (survivor, other):
        if each.part_of is not None:
            return _part_of_another(each)
    if survivor.profile.staff != other.profile.staff:
        detail = (
            "One of them works here and the other is a customer. Visits of staff are left out, so a merge "
            "would hide a customer's, or tell the CDP of a colleague's. Keep them apart."
        )
        return Refused(guard="staff", detail=detail)
    values = [(link.kind, link.value) for each in (survivor, other) for link in each.links]
    phones = sum(
        enrolment.revoked_ms is None for each in (survivor, other) for enrolment in each.enrolments
    )
    return why_not_together(guards, values, phones) or other.everything


def take_out(
    holding: Holding, persons: Collection[PersonId], links: Collection[LinkId]
) -> Moved | Refused:
    """Return what goes to a new profile if these may be taken out of `holding`."""
    if holding.part_of is not None:
        return _part_of_another(holding)
    here = holding.everything
    if not set(persons) <= set(here.persons) or not set(links) <= set(here.links):
        detail = (
            "Not all of it belongs to this profile. Name enrolments and identifiers that it has."
        )
        return Refused(guard="not_its_own", detail=detail)
    moved = Moved(persons=tuple(sorted(set(persons))), links=tuple(sorted(set(links))))
    if not moved:
        detail = "Name at least one enrolment or identifier to take out, or an entry to undo."
        return Refused(guard="nothing_named", detail=detail)
    if moved == here:
        detail = "That is all that it has: a new profile would be the same under another name."
        return Refused(guard="all_of_it", detail=detail)
    return moved


def undo(
    entry: IdentityEntry, source: Holding, target: Holding, entries: Sequence[IdentityEntry]
) -> Undoing | Refused:
    """Return what undoing `entry` moves back: from `source`, where it put things, to `target`.

    `entries` are all of both profiles. A merge gives back what it brought and what was said of the merged
    profile since; a split gives back all that the new profile has, for it is no more.
    """
    if entry.what not in {"merged", "split"}:
        detail = "Only a merge or a split can be undone. What was undone is done by doing it again."
        return Refused(guard="not_undoable", detail=detail)
    before = undone_by(entries, entry.id)
    if before is not None:
        return Refused(guard="undone_already", detail=f"It was undone by the entry {before.id}.")
    if source.part_of is not None:
        return _part_of_another(source)
    if entry.what == "split":
        if target.part_of is not None:
            return _part_of_another(target)
        if any(
            each.target == source.profile.id and each.what == "merged" for each in _open(entries)
        ):
            detail = "Another profile was merged into the one that this split made. Undo that merge first."
            return Refused(guard="has_taken_in", detail=detail)
    went = carried(entries, entry)
    here = source.everything
    back = here if entry.what == "split" else _among(went, here)
    return Undoing(
        source=source.profile.id,
        target=target.profile.id,
        moved=back,
        stayed=Moved(
            persons=tuple(each for each in went.persons if each not in back.persons),
            links=tuple(each for each in went.links if each not in back.links),
        ),
    )


def _open(entries: Sequence[IdentityEntry]) -> list[IdentityEntry]:
    """Return the entries that were not undone."""
    return [each for each in entries if undone_by(entries, each.id) is None]


def _among(went: Moved, here: Moved) -> Moved:
    return Moved(
        persons=tuple(each for each in went.persons if each in here.persons),
        links=tuple(each for each in went.links if each in here.links),
    )


def _part_of_another(holding: Holding) -> Refused:
    detail = (
        f"The profile `{holding.profile.id}` is part of `{holding.part_of}`. "
        "Name that one, or undo the merge first."
    )
    return Refused(guard="part_of_another", detail=detail)
