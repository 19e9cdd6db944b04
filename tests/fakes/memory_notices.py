"""What people's phones are to be told, in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.fakes.memory_rows import drop, insert, require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.delivery.notices import Notice
    from shopbell_server.core.ids import Millis, PersonId, ProfileId
    from tests.fakes.memory_rows import Tables


class MemoryNotices:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def phones_under(self, profile: ProfileId) -> Sequence[PersonId]:
        enrolled = self._tables.enrolments.values()
        standing = [each for each in enrolled if each.revoked_ms is None]
        return sorted(each.person for each in standing if each.profile == profile)

    def add(self, notices: Sequence[Notice]) -> None:
        for each in notices:
            require(self._tables.enrolments, each.person, "person")
            insert(self._tables.notices, each.id, each)

    def of(self, person: PersonId, now_ms: Millis) -> Sequence[Notice]:
        hers = (each for each in self._tables.notices.values() if each.person == person)
        living = [each for each in hers if each.expires_ms > now_ms]
        return sorted(living, key=lambda each: (each.expires_ms, each.id))

    def read(self, person: PersonId, notice: str, at_ms: Millis) -> bool:
        found = self._tables.notices.get(notice)
        if found is None or found.person != person or found.expires_ms <= at_ms:
            return False
        if found.read_ms is None:
            self._tables.notices[notice] = replace(found, read_ms=at_ms)
        return True

    def drop_expired(self, now_ms: Millis) -> int:
        return drop(self._tables.notices, lambda each: each.expires_ms <= now_ms)
