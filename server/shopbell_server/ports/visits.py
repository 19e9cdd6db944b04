"""Visits and candidates."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.ids import Millis, PersonId, StoreId, VisitId
    from shopbell_server.core.recognition.conflict import Conflict
    from shopbell_server.core.visits.stored import Visit


class Due(NamedTuple):
    """A visit or candidate that is due; in the order in which they are due."""

    due_ms: Millis
    visit: VisitId
    person: PersonId


class Visits(Protocol):
    """Visits and candidates."""

    def touching(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Sequence[Visit]:
        """Return those that share a moment with [from_ms, to_ms]."""
        ...

    def touching_each(
        self, persons: Collection[PersonId], store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Mapping[PersonId, Sequence[Visit]]:
        """Return the same of each of `persons`; those without any are left out."""
        ...

    def put(self, visits: Sequence[Visit]) -> None:
        """Insert or replace by id."""
        ...

    def remove(self, visits: Collection[VisitId]) -> None: ...
    def get(self, visit: VisitId) -> Visit | None: ...
    def present(self, store: StoreId, since_ms: Millis) -> Sequence[Visit]:
        """Return candidates and open visits shown until `since_ms` or later (held presence included)."""
        ...

    def present_of(
        self, persons: Collection[PersonId], store: StoreId, since_ms: Millis
    ) -> Sequence[Visit]:
        """Return those of `present` that are of these people."""
        ...

    def handles(self, store: StoreId, since_ms: Millis) -> Sequence[int]:
        """Return the handles of candidates and open visits with evidence, or shown, since then.

        Whether shown already or not: they may be in a moment. In the order of their ids.
        """
        ...

    def of_person(self, person: PersonId) -> Sequence[Visit]: ...
    def under_way(self, persons: Collection[PersonId]) -> Mapping[StoreId, frozenset[PersonId]]:
        """Return, by store, who of `persons` has a candidate or an open visit there."""
        ...

    def in_several_stores(
        self, persons: Collection[PersonId], since_ms: Millis
    ) -> frozenset[PersonId]:
        """Return who of `persons` has visits or candidates, of then or later, in more than one store."""
        ...

    def first_conflict(self, conflict: Conflict, now_ms: Millis) -> bool:
        """Keep that two visits contradict each other; False if that was known."""
        ...

    def drop_conflicts(self, before_ms: Millis) -> int:
        """Forget those that were found before; return how many."""
        ...

    def open_count(self) -> int:
        """Return how many visits have begun and not ended; candidates are none."""
        ...

    def claim_due(self, now_ms: Millis, limit: int, after: Due | None = None) -> Sequence[Due]:
        """Return candidates and open visits whose `session.due_ms` has passed, longest due first.

        With `after` those that come behind it: it may be still due, and is not to hide the others.
        Of people whom nobody else holds: they are held until the unit of work ends, and those of others are
        passed over. What a visit is must be read again (`still_due`): another may just have changed it.
        """
        ...

    def still_due(self, visits: Collection[VisitId], now_ms: Millis) -> Sequence[Visit]:
        """Return those of `visits` of which that is so, in the same order."""
        ...

    def page(
        self, stores: Collection[StoreId], before: tuple[Millis, VisitId] | None, limit: int
    ) -> Sequence[Visit]:
        """Return reported visits, newest start first, after the cursor (start, id)."""
        ...
