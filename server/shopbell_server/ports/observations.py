"""What was heard of people, report by report, for a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from shopbell_server.ports.database import DatabaseBusyError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.ids import Millis, PersonId, StoreId
    from shopbell_server.core.observations import Observation


class Observations(Protocol):
    """A set of observations; of equal keys one counts (`core.observations.strongest`)."""

    def put(self, observations: Sequence[Observation]) -> None:
        """Add some. Raises ShelvesMissingError if there is no room for them yet; then nothing was done."""
        ...

    def of(
        self, persons: Collection[PersonId], store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Mapping[PersonId, Sequence[Observation]]:
        """Return each person's of [from_ms, to_ms], by time, edge, scanner and carrier.

        Those without any are left out.
        """
        ...

    def truncate(self, person: PersonId, from_ms: Millis) -> None:
        """Leave nothing of somebody from `from_ms` on, in any store."""
        ...

    def remove_within(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> None:
        """Forget hers of [from_ms, to_ms] in a store."""
        ...

    def make_shelves(self, shelves: Collection[int]) -> None:
        """Make room on `shelves` (`core.observations.shelf_of`); those that are there stay as they are.

        In a unit of work of its own: others may have to wait for it. Any number may do it at once.
        """
        ...

    def let_go(self, first_kept: int, most: int) -> int:
        """Let go of all that lies on shelves below `first_kept`; return about how many rows went.

        `most` rows at once where they go one by one: ask again while that many go. Where shelves go whole,
        those of all tenants do, and who uses them is waited for, shortly: raises DatabaseBusyError where that
        takes too long.
        """
        ...


class ShelvesMissingError(DatabaseBusyError):
    """There is no room for some observations: let `make_shelves` make it, and begin anew."""

    def __init__(self, shelves: Collection[int]) -> None:
        super().__init__("there is no partition yet for some observations: make it and begin anew")
        self.shelves = frozenset(shelves)
