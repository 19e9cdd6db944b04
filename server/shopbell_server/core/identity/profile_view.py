"""What of a profile somebody may see who has no customer before them, and keeps the records straight.

Owns: the map of such fields, by role. What it does not name for a viewer is not shown.
Never: names, languages or what she bought: those need a visit of hers and her consent (`disclosure`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.core.identity.changes import Holding
    from shopbell_server.core.identity.identifiers import Link
    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.core.ids import Millis, PersonId, ProfileId

Keeper = Literal["operator", "system"]
"""An operator who is signed in; another system with a key of its own."""


class Part(StrEnum):
    """What can be seen of a profile without anybody being there."""

    WORKS_HERE = "works_here"
    ENROLMENTS = "enrolments"
    """Which phones: since when, until when, which are one human. No model, for that tells siblings apart."""
    RECOGNITION = "recognition"
    """Which of them allow that she is recognised, and since when. One that does not silences its human."""
    IDENTIFIERS = "identifiers"
    """Of which kinds, who said so and when."""
    VALUES = "values"
    """What they are: an e-mail hash, a loyalty number."""
    PARTS = "parts"
    """Which profiles are one since a merge."""
    NAME = "name"


SEEN_BY: Final[Mapping[Part, frozenset[Keeper]]] = MappingProxyType(
    {
        Part.WORKS_HERE: frozenset({"operator"}),
        Part.ENROLMENTS: frozenset({"operator", "system"}),
        Part.RECOGNITION: frozenset({"operator"}),
        Part.IDENTIFIERS: frozenset({"operator", "system"}),
        Part.VALUES: frozenset(),
        Part.PARTS: frozenset({"operator", "system"}),
        Part.NAME: frozenset(),
    }
)
"""Merging and splitting need to know what there is and where it came from, and nothing of what it says."""


State = Literal["allowed", "ran_out", "withdrawn", "never"]
"""`ran_out`: nobody said no, but nobody said yes again either, for a year or since the end of a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """How `recognise_in_store` stands with an enrolment, and since when; None where nothing was ever said."""

    state: State
    since_ms: Millis | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenProfile:
    """A profile as a keeper may see it. None: not shown; values and names have no field."""

    id: ProfileId
    works_here: bool | None
    enrolments: tuple[Enrolment, ...] | None
    recognition: Mapping[PersonId, Recognition] | None
    """Of those enrolments that have not left."""
    identifiers: tuple[Link, ...] | None = field(repr=False)
    """Their values do not leave."""
    part_of: ProfileId | None
    parts: tuple[ProfileId, ...] | None


def seen_profile(
    holding: Holding,
    parts: Sequence[ProfileId],
    recognition: Mapping[PersonId, Recognition],
    keeper: Keeper,
) -> SeenProfile:
    """Return what `keeper` may see of a profile whose `parts` are the profiles merged into it."""
    may = {part for part, keepers in SEEN_BY.items() if keeper in keepers}
    return SeenProfile(
        id=holding.profile.id,
        works_here=holding.profile.staff if Part.WORKS_HERE in may else None,
        enrolments=holding.enrolments if Part.ENROLMENTS in may else None,
        recognition=recognition if Part.RECOGNITION in may else None,
        identifiers=holding.links if Part.IDENTIFIERS in may else None,
        part_of=holding.part_of if Part.PARTS in may else None,
        parts=tuple(parts) if Part.PARTS in may else None,
    )
