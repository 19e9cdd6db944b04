"""What is old enough to go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.core.ids import Millis, StoreId, VisitId
    from shopbell_server.core.keeping.retention import What
    from shopbell_server.core.visits.stored import Visit


class Retention(Protocol):
    """Removes what its time is over for, a limited number of rows at once."""

    def remove(self, what: What, before_ms: Millis, most: int) -> Mapping[str, int]:
        """Remove at most `most` rows a table of what is older, the oldest first; return how many of each.

        What others hold at the moment is passed over, so several share the work. A table of which nothing
        went is left out. Zones, visits and evidence have methods of their own, for people have to be held for
        them, and observations go by `Observations.let_go`: raises KeyError for those.
        """
        ...

    def ended_before(self, store: StoreId, before_ms: Millis, most: int) -> Sequence[Visit]:
        """Return visits that ended before, earliest start first."""
        ...

    def ended_within(
        self,
        store: StoreId,
        from_ms: Millis,
        before_ms: Millis,
        *,
        after: tuple[Millis, VisitId] | None,
        most: int,
    ) -> Sequence[Visit]:
        """Return visits that ended in [from_ms, before_ms), by (start, id), those after `after`."""
        ...

    def clear_zones(self, store: StoreId, from_ms: Millis, before_ms: Millis, most: int) -> int:
        """Let evidence that ended in [from_ms, before_ms) be of no zone; return of how many rows."""
        ...

    def remove_evidence(self, store: StoreId, before_ms: Millis, most: int) -> int:
        """Remove evidence that ended before; return how many rows."""
        ...

    def is_alone(self, job: str) -> bool:
        """Return whether nobody else is at a job; nobody is until the unit of work ends. Waits for nobody."""
        ...

    def done_until(self, what: What) -> Millis:
        """Return up to when all was done already; 0: nothing was."""
        ...

    def done(self, what: What, until_ms: Millis) -> None:
        """Remember that all of before was done. It never goes back."""
        ...
