"""What is kept of edges themselves, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.edges.lineage import Heir
from shopbell_server.core.recognition.loyalty_numbers import Guesses
from shopbell_server.core.recognition.spray import Tokens
from tests.fakes.memory_rows import drop

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.edges.deafness import Scanner
    from shopbell_server.core.edges.lineage import Start
    from shopbell_server.core.ids import EdgeId, Millis
    from shopbell_server.core.recognition.spray import Minutes
    from shopbell_server.ports.edge_records import Lineage
    from tests.fakes.memory_rows import Tables


class MemoryEdgeRecords:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add_losses(self, losses: Mapping[tuple[EdgeId, str], int], now_ms: Millis) -> None:
        del now_ms  # for a person who looks into the database
        rows = self._tables.edge_losses
        for key, count in losses.items():
            rows[key] = rows.get(key, 0) + count

    def losses(self) -> Mapping[EdgeId, Mapping[str, int]]:
        found: dict[EdgeId, dict[str, int]] = {}
        for (edge, reason), count in self._tables.edge_losses.items():
            found.setdefault(edge, {})[reason] = count
        return found

    def heirs(self, starts: Collection[Start]) -> Mapping[Lineage, Heir]:
        rows = self._tables.stream_heirs
        return {
            key: rows.setdefault(key, Heir(stream=start.stream, cloned_ms=None))
            for start in starts
            for key in [(start.edge, start.previous)]
        }

    def put_heirs(self, heirs: Mapping[Lineage, Heir]) -> None:
        self._tables.stream_heirs.update(heirs)

    def add_tokens(self, counts: Mapping[tuple[EdgeId, int], Tokens]) -> None:
        rows = self._tables.token_counts
        for key, (known, unknown) in counts.items():
            before = rows.get(key, Tokens(0, 0))
            rows[key] = Tokens(before.known + known, before.unknown + unknown)

    def tokens(self, edges: Collection[EdgeId], since_minute: int) -> Mapping[EdgeId, Minutes]:
        each = self.all_tokens(since_minute)
        return {edge: each[edge] for edge in edges if edge in each}

    def all_tokens(self, since_minute: int) -> Mapping[EdgeId, Minutes]:
        found: dict[EdgeId, dict[int, Tokens]] = {}
        for (edge, minute), tokens in self._tables.token_counts.items():
            if minute >= since_minute:
                found.setdefault(edge, {})[minute] = tokens
        return found

    def drop_tokens(self, before_minute: int) -> int:
        rows = self._tables.token_counts
        gone = [key for key in rows if key[1] < before_minute]
        for key in gone:
            del rows[key]
        return len(gone)

    def hold_guesses(
        self, scanners: Collection[Scanner], now_ms: Millis
    ) -> Mapping[Scanner, Guesses]:
        rows = self._tables.number_guesses
        return {each: rows.setdefault(each, (Guesses(), now_ms))[0] for each in scanners}

    def put_guesses(self, guesses: Mapping[Scanner, Guesses], now_ms: Millis) -> None:
        rows = self._tables.number_guesses
        rows.update({scanner: (each, now_ms) for scanner, each in guesses.items()})

    def drop_guesses(self, before_ms: Millis) -> int:
        return drop(self._tables.number_guesses, lambda row: row[1] < before_ms)

    def cloned(self) -> Mapping[EdgeId, Millis]:
        found: dict[EdgeId, Millis] = {}
        for (edge, _), heir in self._tables.stream_heirs.items():
            if heir.cloned_ms is not None:
                found[edge] = max(found.get(edge, heir.cloned_ms), heir.cloned_ms)
        return found
