"""Who was forgotten, in memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.fakes.memory_rows import drop

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.ids import Millis, PersonId, ProfileId
    from shopbell_server.core.keeping.erasure import Erasure, ErasureId
    from tests.fakes.memory_rows import Tables


class MemoryErasures:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add(self, erasure: Erasure) -> None:
        self._tables.erasures[erasure.id] = erasure

    def get(self, erasure: ErasureId) -> Erasure | None:
        return self._tables.erasures.get(erasure)

    def claim(self, erasure: ErasureId) -> Erasure | None:
        return self._tables.erasures.get(erasure)

    def undone(self, limit: int, behind: str = "") -> Sequence[Erasure]:
        found = [each for each in self._tables.erasures.values() if each.done_ms is None]
        return sorted(
            found,
            key=lambda each: (each.keys_ms is not None, each.id <= behind, each.asked_ms, each.id),
        )[:limit]

    def all(self, limit: int) -> Sequence[Erasure]:
        found = self._tables.erasures.values()
        return sorted(found, key=lambda each: (each.done_ms is not None, -each.asked_ms, each.id))[
            :limit
        ]

    def count_overdue(self, asked_before_ms: Millis) -> int:
        return sum(each.asked_ms < asked_before_ms for each in self.undone(10**9))

    def has_keys_left(self, profiles: Collection[ProfileId]) -> bool:
        left = [each for each in self._tables.erasures.values() if each.keys_ms is None]
        return any(not set(profiles).isdisjoint(each.profiles) for each in left)

    def keys_destroyed(self, erasure: ErasureId, at_ms: Millis) -> None:
        row = self._tables.erasures[erasure]
        if row.keys_ms is None:
            self._tables.erasures[erasure] = replace(row, keys_ms=at_ms, profiles=())

    def done(self, erasure: ErasureId, at_ms: Millis) -> None:
        row = self._tables.erasures[erasure]
        if row.done_ms is None:
            self._tables.erasures[erasure] = replace(row, done_ms=at_ms)

    def told_so_far(self, person: PersonId) -> int:
        return self._tables.facts_told.get(person, 0)

    def waiting(self, person: PersonId) -> Mapping[str, int]:
        return Counter(
            sink
            for (sink, _), row in self._tables.deliveries.items()
            if row.fact.person == person and row.done_ms is None
        )

    def remove_rows(self, person: PersonId) -> Mapping[str, int]:
        tables = self._tables
        cards = {ref for ref, card in tables.cards.items() if card.person == person}
        visits = {visit for visit, row in tables.visits.items() if row.person == person}
        conflicts = [key for key in tables.conflicts if visits & set(key)]
        for key in conflicts:
            del tables.conflicts[key]
        codes = [use for use in tables.code_uses if use[0] in cards]
        for use in codes:
            del tables.code_uses[use]
        issued = [each for each in tables.issued if each.person == person]
        for each in issued:
            del tables.issued[each]
        bought = [name for name, row in tables.receipts.items() if row.person == person]
        for name in bought:
            tables.receipts[name] = replace(tables.receipts[name], person=None)
        tokens = [token for token, whose in tables.device_tokens.items() if whose == person]
        for token in tokens:
            del tables.device_tokens[token]
        gone = {
            "conflicts": len(conflicts),
            "code_uses": len(codes),
            "issued_windows": len(issued),
            "till_receipts": len(bought),
            "deliveries": drop(tables.deliveries, lambda row: row.fact.person == person),
            "told": drop(tables.told, lambda row: row.person == person),
            "engagements": drop(tables.engagements, lambda row: row.visit in visits),
            "visits": drop(tables.visits, lambda row: row.person == person),
            "intervals": drop(tables.intervals, lambda row: row.key.person == person),
            "places": drop(tables.places, lambda row: row.person == person),
            "unsettled_places": drop(tables.unsettled, lambda row: row.person == person),
            "observations": drop(tables.observations, lambda row: row.person == person),
            "cards": drop(tables.cards, lambda row: row.person == person),
            "fixed_ids": drop(tables.fixed_ids, lambda row: row.person == person),
            "notices": drop(tables.notices, lambda row: row.person == person),
            "customer_sessions": drop(tables.customer_sessions, lambda row: row.person == person),
            "enrolments": drop(tables.enrolments, lambda row: row.person == person),
        }
        for rows in (tables.facts_told, tables.stamps, tables.phones, tables.moved_enrolments):
            rows.pop(person, None)
        return {table: rows for table, rows in gone.items() if rows}

    def remove_events(self, person: PersonId) -> None:
        drop(self._tables.deliveries, lambda row: row.fact.person == person)
        self._tables.facts_told.pop(person, None)

    def mark(self, kind: str, values: Collection[str], at_ms: Millis) -> None:
        for value in values:
            before = self._tables.tombstones.get((kind, value), at_ms)
            self._tables.tombstones[kind, value] = max(before, at_ms)

    def erased(self, kind: str, values: Collection[str]) -> Mapping[str, Millis]:
        known = self._tables.tombstones
        return {value: known[kind, value] for value in values if (kind, value) in known}

    def outliving(self, behind: str, limit: int) -> Sequence[ProfileId]:
        there = self._tables.enrolments.values()
        found = (
            profile.id
            for profile in self._tables.profiles.values()
            if profile.forgotten_ms is not None
            and profile.id > behind
            and not any(
                each.revoked_ms is None or each.revoked_ms > profile.forgotten_ms
                for each in there
                if each.profile == profile.id
            )
        )
        return sorted(found)[:limit]

    def persons(self, after: str, limit: int) -> Sequence[PersonId]:
        return sorted(each for each in self._tables.enrolments if each > after)[:limit]

    def ended_before(self, before_ms: Millis, limit: int) -> Sequence[PersonId]:
        ended = [
            (each.revoked_ms, each.person)
            for each in self._tables.enrolments.values()
            if each.revoked_ms is not None and each.revoked_ms < before_ms
        ]
        return [person for _, person in sorted(ended)[:limit]]
