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

    def hold_tries(self, name_sha256: bytes) -> Millis:
        """Return when whoever tries a name has tried nothing again; 0 if nobody did.

        It is held until the unit of work ends: of two that try at once, the second sees the first.
        """
        ...

    def put_tries(self, name_sha256: bytes, none_from_ms: Millis) -> None:
        """Write that down."""
        ...

    def drop_expired(self, now_ms: Millis) -> int:
        """Forget sessions and links that are over, and tries that do not count; return how many sessions."""
        ...
