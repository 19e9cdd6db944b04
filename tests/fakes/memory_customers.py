"""Customers who are signed in at their own page, in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.fakes.memory_rows import drop, insert, require

if TYPE_CHECKING:
    from shopbell_server.core.access.customer_sessions import CustomerSession
    from shopbell_server.core.ids import Millis, PersonId
    from tests.fakes.memory_rows import Tables


class MemoryCustomerSessions:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def open(self, token_sha256: bytes, session: CustomerSession) -> None:
        require(self._tables.enrolments, session.person, "person")
        insert(self._tables.customer_sessions, token_sha256, session)

    def get(self, token_sha256: bytes) -> CustomerSession | None:
        return self._tables.customer_sessions.get(token_sha256)

    def use(self, token_sha256: bytes, now_ms: Millis) -> None:
        session = self.get(token_sha256)
        if session is not None:
            self._tables.customer_sessions[token_sha256] = replace(session, used_ms=now_ms)

    def take(self, token_sha256: bytes, now_ms: Millis) -> PersonId | None:
        session = self.get(token_sha256)
        if session is None or session.expires_ms <= now_ms:
            return None
        self.close(token_sha256)
        return session.person

    def close(self, token_sha256: bytes) -> None:
        if token_sha256 in self._tables.customer_sessions:
            del self._tables.customer_sessions[token_sha256]

    def close_all(self, person: PersonId) -> int:
        return drop(self._tables.customer_sessions, lambda each: each.person == person)

    def drop_expired(self, now_ms: Millis, unused_since_ms: Millis) -> int:
        return drop(
            self._tables.customer_sessions,
            lambda each: each.expires_ms <= now_ms or each.used_ms <= unused_since_ms,
        )
