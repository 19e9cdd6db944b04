"""Receipts of tills.

Owns: the rows behind the port `TillReceipts`.
Never: whose card may be known, or which visit a purchase belongs to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, select, update

from shopbell_server.core.ids import Millis, PersonId, ReceiptId, StoreId
from shopbell_server.db.statements import adding, by_keys
from shopbell_server.db.tables import TILL_RECEIPTS
from shopbell_server.db.transaction import ours
from shopbell_server.ports.receipts import TillReceipt

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Row

    from shopbell_server.db.transaction import Transaction


class SqlTillReceipts:
    """`TillReceipts` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def recall(self, receipt: ReceiptId) -> TillReceipt | None:
        """Return the receipt of that name."""
        row = self._transaction.row(_RECALL, this=receipt)
        if row is None:
            return None
        return _receipt(row)

    def of_person(self, person: PersonId) -> Sequence[TillReceipt]:
        """Return hers, oldest first."""
        return [_receipt(row) for row in self._transaction.rows(_OF_PERSON, whose=person)]

    def keep(self, receipt: TillReceipt) -> None:
        """Add a new one. Raises DatabaseBusyError if one of its name is there: another was quicker."""
        row = {
            "receipt": receipt.receipt,
            "store": receipt.store,
            "till": receipt.till,
            "at_ms": receipt.at_ms,
            "person": receipt.person,
            "request_mac": receipt.request_mac,
            "joined": receipt.joined,
        }
        self._transaction.insert(_KEEP, [row])

    def purchases_each(
        self, persons: Collection[PersonId], store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Mapping[PersonId, Sequence[Millis]]:
        """Return when each of `persons` bought something in [from_ms, to_ms], earliest first."""
        found: dict[PersonId, list[Millis]] = {}
        for row in self._transaction.rows_by_keys(
            _PURCHASES_EACH,
            [(person,) for person in persons],
            store=store,
            from_ms=from_ms,
            to_ms=to_ms,
        ):
            found.setdefault(PersonId(row.person), []).append(Millis(row.at_ms))
        return found

    def disown_within(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> None:
        """Make hers of [from_ms, to_ms] nobody's. The receipts stay."""
        self._transaction.change(
            _DISOWN_WITHIN, whose=person, where_store=store, from_ms=from_ms, to_ms=to_ms
        )

    def disown_from(self, person: PersonId, at_ms: Millis) -> None:
        """Make hers from `at_ms` on nobody's, in any store."""
        self._transaction.change(_DISOWN_FROM, whose=person, from_ms=at_ms)


def _receipt(row: Row[Any]) -> TillReceipt:
    return TillReceipt(
        receipt=ReceiptId(row.receipt),
        store=StoreId(row.store),
        till=row.till,
        at_ms=Millis(row.at_ms),
        person=None if row.person is None else PersonId(row.person),
        request_mac=row.request_mac,
        joined=row.joined,
    )


_R: Final = TILL_RECEIPTS.c

_RECALL: Final = select(TILL_RECEIPTS).where(ours(TILL_RECEIPTS), _R.receipt == bindparam("this"))
_OF_PERSON: Final = (
    select(TILL_RECEIPTS)
    .where(ours(TILL_RECEIPTS), _R.person == bindparam("whose"))
    .order_by(_R.at_ms, _R.receipt)
)
_KEEP: Final = adding(TILL_RECEIPTS)
_PURCHASES_EACH: Final = by_keys(
    select(_R.person, _R.at_ms)
    .where(
        ours(TILL_RECEIPTS),
        _R.store == bindparam("store"),
        _R.at_ms.between(bindparam("from_ms"), bindparam("to_ms")),
    )
    .order_by(_R.person, _R.at_ms),
    _R.person,
)
_DISOWN_WITHIN: Final = (
    update(TILL_RECEIPTS)
    .where(
        ours(TILL_RECEIPTS),
        _R.person == bindparam("whose"),
        _R.store == bindparam("where_store"),
        _R.at_ms.between(bindparam("from_ms"), bindparam("to_ms")),
    )
    .values(person=None)
)
_DISOWN_FROM: Final = (
    update(TILL_RECEIPTS)
    .where(
        ours(TILL_RECEIPTS),
        _R.person == bindparam("whose"),
        _R.at_ms >= bindparam("from_ms"),
    )
    .values(person=None)
)
