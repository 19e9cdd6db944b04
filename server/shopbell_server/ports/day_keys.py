"""The keys that tokens are made and read with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.ids import Day


class DayKeys(Protocol):
    """The keys that tokens are made and read with: one per UTC day, destroyed when its time is over."""

    def keys(self, days: Collection[Day]) -> Mapping[Day, bytes]:
        """Return those that exist, and whose own key (`owner_of_day`) was not destroyed."""
        ...

    def add(self, day: Day, key: bytes) -> None:
        """Keep `key` unless the day has one already: two workers may try at once."""
        ...

    def before(self, day: Day) -> Collection[Day]:
        """Return the days before `day` that have a key, the earliest first."""
        ...

    def destroy_before(self, day: Day) -> int:
        """Delete the keys of earlier days; return how many.

        Destroy the keys that they are sealed with first: then a backup of the database holds nothing either.
        """
        ...
