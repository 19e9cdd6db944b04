"""What scanners said of their own hearing, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.edges.deafness import Mark, Scanner
    from shopbell_server.core.ids import EdgeId, Millis
    from tests.fakes.memory_rows import Tables


class MemoryScanners:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def hold(self, edges: Mapping[EdgeId, bool]) -> None:
        """Do nothing: units of work that write follow one another."""

    def add(self, marks: Collection[Mark]) -> None:
        for each in marks:
            self._tables.scanner_marks[each] = None

    def marks(
        self, scanners: Collection[Scanner], from_ms: Millis, to_ms: Millis
    ) -> Sequence[Mark]:
        found: list[Mark] = []
        for scanner in sorted(scanners):
            its = [e for e in self._tables.scanner_marks if (e.edge, e.scanner) == scanner]
            so_at_first = max((each.at_ms for each in its if each.at_ms <= from_ms), default=to_ms)
            found += sorted(e for e in its if min(so_at_first, from_ms) <= e.at_ms <= to_ms)
        return found
