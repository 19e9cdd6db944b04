"""What goes out, and what was given up, in memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from shopbell_server.core.ids import Millis
from shopbell_server.ports.outgoing import DeadLetter, Delivery
from tests.fakes.memory_rows import Waiting, drop, insert

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from shopbell_server.core.facts import Fact
    from shopbell_server.core.ids import FactId, PersonId
    from tests.fakes.memory_rows import Tables


class MemoryOutgoing:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add(self, facts: Sequence[Fact], sinks: Collection[str], due_ms: Millis) -> None:
        rows = self._tables.deliveries
        for fact in facts:
            position = self._tables.facts_told.get(fact.person, 0) + 1
            self._tables.facts_told[fact.person] = position
            for sink in sorted(sinks):
                insert(
                    rows, (sink, fact.fact), Waiting(fact=fact, position=position, due_ms=due_ms)
                )

    def claim(self, sink: str, now_ms: Millis, lease_ms: int, limit: int) -> Sequence[Delivery]:
        heads: dict[PersonId, Waiting] = {}
        for row in sorted(self._waiting(sink), key=lambda each: each.position):
            heads.setdefault(row.fact.person, row)
        due = sorted(
            (row for row in heads.values() if row.due_ms <= now_ms),
            key=lambda each: (each.due_ms, each.fact.fact),
        )[:limit]
        for row in due:
            self._tables.deliveries[sink, row.fact.fact] = replace(
                row, due_ms=Millis(now_ms + lease_ms), attempt=row.attempt + 1
            )
        return [
            Delivery(sink=sink, fact=row.fact, attempt=row.attempt + 1, sequence=row.position)
            for row in due
        ]

    def delivered(self, sink: str, fact: FactId, at_ms: Millis) -> None:
        self._change(sink, fact, done_ms=at_ms)

    def retry(self, sink: str, fact: FactId, due_ms: Millis) -> None:
        self._change(sink, fact, due_ms=due_ms)

    def give_up(self, sink: str, fact: FactId, at_ms: Millis, reason: str) -> None:
        self._change(sink, fact, done_ms=at_ms, reason=reason)

    def drop(self, sink: str, fact: FactId) -> None:
        row = self._tables.deliveries.get((sink, fact))
        if row is not None and row.done_ms is None:
            del self._tables.deliveries[sink, fact]

    def cancel(self, person: PersonId) -> int:
        return drop(
            self._tables.deliveries,
            lambda row: row.fact.person == person and row.done_ms is None,
        )

    def waiting(self, sink: str) -> tuple[int, Millis | None]:
        since = [row.fact.recorded_ms for row in self._waiting(sink)]
        return len(since), min(since, default=None)

    def dead(self) -> Mapping[str, int]:
        rows = self._tables.deliveries
        return Counter(sink for (sink, _), row in rows.items() if row.reason is not None)

    def dead_letters(self, sink: str, limit: int) -> Sequence[DeadLetter]:
        found = [
            DeadLetter(
                delivery=Delivery(
                    sink=sink, fact=row.fact, attempt=row.attempt, sequence=row.position
                ),
                dead_ms=row.done_ms,
                reason=row.reason,
            )
            for key, row in self._tables.deliveries.items()
            if key[0] == sink and row.done_ms is not None and row.reason is not None
        ]
        latest = sorted(found, key=lambda each: (each.dead_ms, each.delivery.fact.fact))
        return latest[::-1][:limit]

    def dead_letter(self, sink: str, fact: FactId) -> DeadLetter | None:
        found = self.dead_letters(sink, len(self._tables.deliveries))
        return next((each for each in found if each.delivery.fact.fact == fact), None)

    def revive(self, sink: str, fact: FactId | None, due_ms: Millis) -> int:
        found = [
            each.delivery.fact.fact
            for each in self.dead_letters(sink, len(self._tables.deliveries))
        ]
        revived = [each for each in found if fact in {None, each}]
        for each in revived:
            self._tables.deliveries[sink, each] = replace(
                self._tables.deliveries[sink, each],
                due_ms=due_ms,
                attempt=0,
                done_ms=None,
                reason=None,
            )
        return len(revived)

    def discard(self, sink: str, fact: FactId) -> int:
        if self.dead_letter(sink, fact) is None:
            return 0
        del self._tables.deliveries[sink, fact]
        return 1

    def _waiting(self, sink: str) -> Iterable[Waiting]:
        rows = self._tables.deliveries
        return [row for key, row in rows.items() if key[0] == sink and row.done_ms is None]

    def _change(
        self,
        sink: str,
        fact: FactId,
        *,
        due_ms: Millis | None = None,
        done_ms: Millis | None = None,
        reason: str | None = None,
    ) -> None:
        row = self._tables.deliveries.get((sink, fact))
        if row is None or row.done_ms is not None:
            return
        self._tables.deliveries[sink, fact] = replace(
            row, due_ms=row.due_ms if due_ms is None else due_ms, done_ms=done_ms, reason=reason
        )
