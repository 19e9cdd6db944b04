"""Which enrolments are one human, in memory: the head stands in the enrolment's own row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.fakes.memory_rows import require, stamp

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.ids import PersonId
    from tests.fakes.memory_rows import Tables


class MemoryJoined:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def under(self, heads: Collection[PersonId]) -> Mapping[PersonId, Sequence[PersonId]]:
        found: dict[PersonId, list[PersonId]] = {}
        for person, enrolment in sorted(self._tables.enrolments.items()):
            if enrolment.head is not None and enrolment.head in heads:
                found.setdefault(enrolment.head, []).append(person)
        return found

    def heads(self, after: PersonId | None, limit: int) -> Sequence[PersonId]:
        heads = {each.head for each in self._tables.enrolments.values() if each.head is not None}
        return sorted(each for each in heads if after is None or each > after)[:limit]

    def put(self, persons: Collection[PersonId], head: PersonId | None) -> None:
        if head is not None:
            require(self._tables.enrolments, head, "person")
        for person in persons:
            before = require(self._tables.enrolments, person, "person")
            self._tables.enrolments[person] = replace(before, head=head)
            for other, enrolment in self._tables.enrolments.items():
                concerned = {before.head, head} - {None}
                if other == person or enrolment.head in concerned:
                    stamp(self._tables, other)
