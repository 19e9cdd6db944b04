"""Which customers are signed in at their own page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from shopbell_server.core.access.customer_sessions import CustomerSession
    from shopbell_server.core.ids import Millis, PersonId


class CustomerSessions(Protocol):
    """Sessions and links of customers. Only hashes of their secrets are kept."""

    def open(self, token_sha256: bytes, session: CustomerSession) -> None:
        """Keep a new one. Raises DatabaseRefusedError for somebody who is not there."""
        ...

    def get(self, token_sha256: bytes) -> CustomerSession | None: ...
    def use(self, token_sha256: bytes, now_ms: Millis) -> None:
        """Write down that it was used; one that is not there is left alone."""
        ...

    def take(self, token_sha256: bytes, now_ms: Millis) -> PersonId | None:
        """Remove it and return whose it was, if its end has not come. Two callers: one gets it."""
        ...

    def close(self, token_sha256: bytes) -> None: ...
    def close_all(self, person: PersonId) -> int:
        """Remove all of hers, links too; return how many."""
        ...

    def drop_expired(self, now_ms: Millis, unused_since_ms: Millis) -> int:
        """Forget those whose end has come and those that nobody used since then; return how many."""
        ...
