"""What tills said, in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.fakes.memory_rows import insert, require

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from shopbell_server.core.ids import Millis, PersonId, ReceiptId, StoreId
    from shopbell_server.ports.receipts import TillReceipt
    from tests.fakes.memory_rows import Tables


class MemoryTillReceipts:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def recall(self, receipt: ReceiptId) -> TillReceipt | None:
        return self._tables.receipts.get(receipt)

    def keep(self, receipt: TillReceipt) -> None:
        require(self._tables.stores, receipt.store, "store")
        insert(self._tables.receipts, receipt.receipt, receipt)

    def of_person(self, person: PersonId) -> Sequence[TillReceipt]:
        hers = [each for each in self._tables.receipts.values() if each.person == person]
        return sorted(hers, key=lambda each: (each.at_ms, each.receipt))

    def purchases_each(
        self, persons: Collection[PersonId], store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Mapping[PersonId, Sequence[Millis]]:
        found: dict[PersonId, list[Millis]] = {}
        for each in sorted(self._tables.receipts.values(), key=lambda each: each.at_ms):
            here = each.store == store and from_ms <= each.at_ms <= to_ms
            if here and each.person is not None and each.person in persons:
                found.setdefault(each.person, []).append(each.at_ms)
        return found

    def disown_within(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> None:
        self._disown(person, lambda each: each.store == store and from_ms <= each.at_ms <= to_ms)

    def disown_from(self, person: PersonId, at_ms: Millis) -> None:
        self._disown(person, lambda each: each.at_ms >= at_ms)

    def _disown(self, person: PersonId, condition: Callable[[TillReceipt], bool]) -> None:
        rows = self._tables.receipts
        for name, each in list(rows.items()):
            if each.person == person and condition(each):
                rows[name] = replace(each, person=None)
