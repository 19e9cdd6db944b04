"""What people's phones are to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.delivery.notices import Notice
    from shopbell_server.core.ids import Millis, PersonId, ProfileId


class Notices(Protocol):
    """Notices by whom they are for."""

    def phones_under(self, profile: ProfileId) -> Sequence[PersonId]:
        """Return who has a phone under the profile and has not left, in the order of their ids.

        The profile is held until the unit of work ends: whoever asks at the same time waits.
        """
        ...

    def add(self, notices: Sequence[Notice]) -> None:
        """Keep new ones."""
        ...

    def of(self, person: PersonId, now_ms: Millis) -> Sequence[Notice]:
        """Return hers that have not expired, those that were read too; the oldest first."""
        ...

    def read(self, person: PersonId, notice: str, at_ms: Millis) -> bool:
        """Write down that she was shown one of hers; False if there is none. The first time counts."""
        ...

    def drop_expired(self, now_ms: Millis) -> int:
        """Remove those whose time is over; return how many."""
        ...
