"""What was heard of people, in memory."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from shopbell_server.core.observations import shelf_of, strongest
from tests.fakes.memory_rows import drop

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.ids import Millis, PersonId, StoreId
    from shopbell_server.core.observations import Observation
    from tests.fakes.memory_rows import Tables


class MemoryObservations:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def put(self, observations: Sequence[Observation]) -> None:
        rows = self._tables.observations
        for each in observations:
            (rows[each[:6]],) = strongest([rows.get(each[:6], each), each])

    def of(
        self, persons: Collection[PersonId], store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Mapping[PersonId, Sequence[Observation]]:
        found: dict[PersonId, list[Observation]] = {}
        for each in sorted(self._tables.observations.values(), key=_order):
            if each.person in persons and each.store == store and from_ms <= each.at_ms <= to_ms:
                found.setdefault(each.person, []).append(each)
        return found

    def truncate(self, person: PersonId, from_ms: Millis) -> None:
        drop(
            self._tables.observations,
            lambda each: each.person == person and each.at_ms >= from_ms,
        )

    def remove_within(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> None:
        drop(
            self._tables.observations,
            lambda each: (
                (each.person, each.store) == (person, store) and from_ms <= each.at_ms <= to_ms
            ),
        )

    def make_shelves(self, shelves: Collection[int]) -> None:
        """Memory has room."""

    def let_go(self, first_kept: int, most: int) -> int:
        rows = self._tables.observations
        old = list(
            islice((key for key, each in rows.items() if shelf_of(each.at_ms) < first_kept), most)
        )
        for key in old:
            del rows[key]
        return len(old)


def _order(each: Observation) -> tuple[Millis, str, str, str]:
    return each.at_ms, each.edge, each.scanner, each.carrier
