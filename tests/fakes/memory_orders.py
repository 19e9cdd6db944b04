"""Orders to edges, in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shopbell_server.core.edges.orders import joined
from tests.fakes.memory_rows import insert, require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.core.edges.orders import Ordered
    from shopbell_server.core.ids import EdgeId
    from shopbell_server.ports.orders import Answered, Examined
    from tests.fakes.memory_rows import Tables


class MemoryOrders:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add(self, ordered: Ordered) -> None:
        require(self._tables.edges, ordered.edge, "edge")
        insert(self._tables.orders, (ordered.edge, ordered.number), ordered)

    def last_number(self, edge: EdgeId) -> int:
        return max((number for of, number in self._tables.orders if of == edge), default=0)

    def get(self, edge: EdgeId, number: int) -> Ordered | None:
        return self._tables.orders.get((edge, number))

    def of(self, edge: EdgeId, limit: int) -> Sequence[Ordered]:
        found = [each for key, each in sorted(self._tables.orders.items()) if key[0] == edge]
        return found[::-1][:limit]

    def latest(self) -> Mapping[EdgeId, Ordered]:
        return {edge: each for (edge, _), each in sorted(self._tables.orders.items())}

    def answer(self, answers: Sequence[Answered]) -> None:
        rows = self._tables.orders
        for each in answers:
            key = (each.edge, each.number)
            if key in rows:
                rows[key] = replace(rows[key], answer=joined(rows[key].answer, each.answer))

    def examine(self, examined: Sequence[Examined]) -> None:
        rows = self._tables.orders
        for each in examined:
            key = (each.edge, each.number)
            if key in rows and rows[key].findings is None:
                rows[key] = replace(rows[key], findings=each.findings)
