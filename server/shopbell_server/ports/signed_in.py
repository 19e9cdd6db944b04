"""Who is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.ids import Millis, StaffId


class StaffSessions(Protocol):
    """Who is signed in. Only hashes of session tokens are kept."""

    def open(self, token_sha256: bytes, staff: StaffId, expires_ms: Millis) -> None: ...
    def staff_of(self, token_sha256: bytes, now_ms: Millis) -> StaffId | None: ...
    def staff_of_each(
        self, tokens_sha256: Collection[bytes], now_ms: Millis
    ) -> Mapping[bytes, StaffId]:
        """Return the same of each; those that are not open are left out."""
        ...

    def close(self, token_sha256: bytes) -> None: ...
    def take(self, token_sha256: bytes, now_ms: Millis) -> StaffId | None:
        """Close and return whose it was, if it was open. Two callers: one gets it."""
        ...

    def drop_expired(self, now_ms: Millis) -> int:
        """Forget the sessions and links that are over; return how many."""
        ...
