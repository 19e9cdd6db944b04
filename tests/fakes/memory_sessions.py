"""Who of the staff is signed in, in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shopbell_server.core.ids import Millis
from shopbell_server.ports.database import DatabaseBusyError
from tests.fakes.memory_rows import drop, insert, require

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.access.staff_session import OpenSession
    from shopbell_server.core.ids import StaffId
    from tests.fakes.memory_rows import Tables


class MemoryStaffSessions:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def hold_tries(self, name_sha256: bytes) -> Millis:
        return self._tables.tries.get(name_sha256, Millis(0))

    def put_tries(self, name_sha256: bytes, none_from_ms: Millis) -> None:
        self._tables.tries[name_sha256] = none_from_ms

    def open_attempt(self, attempt_sha256: bytes, expires_ms: Millis) -> None:
        insert(self._tables.tries, attempt_sha256, expires_ms)

    def take_attempt(self, attempt_sha256: bytes, now_ms: Millis) -> bool:
        expires_ms = self._tables.tries.get(attempt_sha256)
        if expires_ms is None or expires_ms <= now_ms:
            return False
        del self._tables.tries[attempt_sha256]
        return True

    def open(self, session: OpenSession) -> None:
        require(self._tables.staff, session.staff, "member of staff")
        if session.sha256 in self._tables.sign_in_links:
            raise DatabaseBusyError("the fingerprint is there already")
        insert(self._tables.staff_sessions, session.sha256, session)

    def open_link(self, link_sha256: bytes, staff: StaffId, expires_ms: Millis) -> None:
        require(self._tables.staff, staff, "member of staff")
        if link_sha256 in self._tables.staff_sessions:
            raise DatabaseBusyError("the fingerprint is there already")
        insert(self._tables.sign_in_links, link_sha256, (staff, expires_ms))

    def sessions(self, tokens_sha256: Collection[bytes], now_ms: Millis) -> Sequence[OpenSession]:
        return [each for each in self.all_sessions(now_ms) if each.sha256 in set(tokens_sha256)]

    def all_sessions(self, now_ms: Millis) -> Sequence[OpenSession]:
        living = (each for each in self._tables.staff_sessions.values() if now_ms < each.expires_ms)
        return sorted(living, key=lambda each: (each.opened_ms, each.sha256))

    def staff_of_each(
        self, tokens_sha256: Collection[bytes], now_ms: Millis
    ) -> Mapping[bytes, StaffId]:
        return {each.sha256: each.staff for each in self.sessions(tokens_sha256, now_ms)}

    def prolong(self, until_ms: Mapping[bytes, Millis]) -> None:
        sessions = self._tables.staff_sessions
        for token, expires_ms in until_ms.items():
            if token in sessions:
                sessions[token] = replace(sessions[token], expires_ms=expires_ms)

    def drop_expired(self, now_ms: Millis) -> int:
        drop(self._tables.tries, lambda none_from_ms: none_from_ms <= now_ms)
        links = drop(self._tables.sign_in_links, lambda each: each[1] <= now_ms)
        return links + drop(self._tables.staff_sessions, lambda each: each.expires_ms <= now_ms)

    def close(self, token_sha256: bytes) -> None:
        drop(self._tables.staff_sessions, lambda each: each.sha256 == token_sha256)
        if token_sha256 in self._tables.sign_in_links:
            del self._tables.sign_in_links[token_sha256]

    def close_all(self, staff: StaffId) -> None:
        drop(self._tables.staff_sessions, lambda each: each.staff == staff)
        drop(self._tables.sign_in_links, lambda each: each[0] == staff)

    def take_link(self, link_sha256: bytes, now_ms: Millis) -> StaffId | None:
        found = self._tables.sign_in_links.get(link_sha256)
        if found is None or found[1] <= now_ms:
            return None
        self.close(link_sha256)
        return found[0]
