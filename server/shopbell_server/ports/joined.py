"""Which enrolments are one human."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.ids import PersonId


class Joined(Protocol):
    """Groups of enrolments. Who is alone is in none; `Enrolment.head` says under whom somebody is."""

    def under(self, heads: Collection[PersonId]) -> Mapping[PersonId, Sequence[PersonId]]:
        """Return the members of the groups of these heads, the head among them, in the order of their ids."""
        ...

    def heads(self, after: PersonId | None, limit: int) -> Sequence[PersonId]:
        """Return the heads of groups, in the order of their ids, those after `after`."""
        ...

    def put(self, persons: Collection[PersonId], head: PersonId | None) -> None:
        """Put `persons`, who are held, under `head`, one of them; None: each is alone from now on.

        Everybody of the groups that this changes gets a new stamp (`People.lock`).
        """
        ...
