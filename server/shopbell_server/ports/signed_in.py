"""Who is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.access.staff_session import OpenSession
    from shopbell_server.core.ids import Millis, StaffId


class StaffSessions(Protocol):
    """Who is signed in, and who may by a link. Only hashes are kept; neither is taken for the other."""

    def open(self, session: OpenSession) -> None:
        """Begin a session; its fingerprint must be new."""
        ...

    def open_link(self, link_sha256: bytes, staff: StaffId, expires_ms: Millis) -> None:
        """Keep a link that signs in once; its fingerprint must be new."""
        ...

    def sessions(self, tokens_sha256: Collection[bytes], now_ms: Millis) -> Sequence[OpenSession]:
        """Return those that are open, of these; in no order."""
        ...

    def all_sessions(self, now_ms: Millis) -> Sequence[OpenSession]:
        """Return all that are open, by when they were opened."""
        ...

    def staff_of_each(
        self, tokens_sha256: Collection[bytes], now_ms: Millis
    ) -> Mapping[bytes, StaffId]:
        """Return whose each session is; those that are not open are left out."""
        ...

    def prolong(self, until_ms: Mapping[bytes, Millis]) -> None:
        """Write down until when sessions last, by fingerprint; one that is gone stays gone."""
        ...

    def close(self, token_sha256: bytes) -> None:
        """End a session or a link; one that is not there is closed."""
        ...

    def close_all(self, staff: StaffId) -> None:
        """End all sessions and links of somebody."""
        ...

    def take_link(self, link_sha256: bytes, now_ms: Millis) -> StaffId | None:
        """Close it and return whose it was, if it was open. Two callers: one gets it."""
        ...

    def open_attempt(self, attempt_sha256: bytes, expires_ms: Millis) -> None:
        """Keep that somebody was sent to the provider; its fingerprint must be new."""
        ...

    def take_attempt(self, attempt_sha256: bytes, now_ms: Millis) -> bool:
        """Forget it and return whether it was there, and in time. Two callers: one gets it."""
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
        """Forget sessions, links and attempts that are over, and tries that do not count.

        Returns how many sessions.
        """
        ...
