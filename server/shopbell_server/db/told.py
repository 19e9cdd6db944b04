"""Who outside was told something of somebody.

Owns: the rows behind the port `Tellings`.
Never: what an event said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, select

from shopbell_server.core.ids import FactId, Millis, PersonId
from shopbell_server.db.retention_tables import TOLD
from shopbell_server.db.statements import replacing
from shopbell_server.db.transaction import ours
from shopbell_server.ports.told import Told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.db.transaction import Transaction


class SqlTellings:
    """`Tellings` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def note(self, told: Sequence[Told]) -> None:
        """Keep them; of the same event and sink the last one stays."""
        # In the order of the keys, as every lock.
        rows = sorted(
            (each.person, each.sink, each.fact, each.kind, each.at_ms, each.delivered, each.answer)
            for each in told
        )
        self._transaction.insert_rows(_NOTE, rows)

    def of(self, person: PersonId) -> Sequence[Told]:
        """Return hers, oldest first."""
        return [
            Told(
                person=person,
                sink=row.sink,
                fact=FactId(row.fact),
                kind=row.kind,
                at_ms=Millis(row.at_ms),
                delivered=row.delivered,
                answer=row.answer,
            )
            for row in self._transaction.rows(_HERS, whose=person)
        ]

    def forget(self, person: PersonId) -> int:
        """Forget hers; return how many."""
        return self._transaction.change(_FORGET, whose=person)


_hers: Final = TOLD.c.person == bindparam("whose")

_NOTE: Final = replacing(TOLD)
_HERS: Final = (
    select(TOLD).where(ours(TOLD), _hers).order_by(TOLD.c.at_ms, TOLD.c.sink, TOLD.c.fact)
)
_FORGET: Final = delete(TOLD).where(ours(TOLD), _hers)
