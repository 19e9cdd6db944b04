"""Where people were in stores that have a floor plan, and of whom that has to be found anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.ids import Millis, PersonId, StoreId
    from shopbell_server.core.zones.found import Place, Unsettled


class Places(Protocol):
    """What was found from observations, under the enrolments that they are of; observations go before it."""

    def put(
        self,
        person: PersonId,
        store: StoreId,
        from_ms: Millis,
        to_ms: Millis,
        places: Sequence[Place],
    ) -> None:
        """Let `places`, all within [from_ms, to_ms], be all that touch it."""
        ...

    def within_each(
        self, persons: Collection[PersonId], store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Mapping[PersonId, Sequence[Place]]:
        """Return each person's that touch [from_ms, to_ms], by time; those without any are left out."""
        ...

    def truncate(self, person: PersonId, at_ms: Millis) -> None:
        """Leave nothing from `at_ms` on, in any store."""
        ...

    def remove_within(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> None:
        """Forget those that touch [from_ms, to_ms], and that anything within has to be found."""
        ...

    def unsettle(self, found: Sequence[Unsettled]) -> None:
        """Note that something has to be found anew; of one person in one store from the first to the last."""
        ...

    def unsettled(self, now_ms: Millis, limit: int) -> Sequence[Unsettled]:
        """Return what can be found now: of people without a stay there that may go on after `now_ms`."""
        ...

    def unsettled_of(self, persons: Collection[PersonId]) -> Sequence[Unsettled]:
        """Return what has to be found anew of `persons`."""
        ...

    def settled(self, found: Unsettled) -> None:
        """Note that all of it was found; if there is more by now it stays."""
        ...
