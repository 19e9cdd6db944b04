"""Which enrolments are one human.

Owns: the rows behind the port `Joined`. Triggers give everybody of a group that changes a new stamp.
Never: what becomes of visits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, select

from shopbell_server.core.ids import PersonId
from shopbell_server.db.joined_tables import JOINED
from shopbell_server.db.statements import by_keys, replacing
from shopbell_server.db.transaction import ours

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.db.transaction import Transaction


class SqlJoined:
    """`Joined` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def under(self, heads: Collection[PersonId]) -> Mapping[PersonId, Sequence[PersonId]]:
        """Return the members of the groups of these heads, the head among them, in the order of their ids."""
        found: dict[PersonId, list[PersonId]] = {}
        for row in self._transaction.rows_by_keys(_UNDER, [(head,) for head in heads]):
            found.setdefault(PersonId(row.head), []).append(PersonId(row.person))
        return found

    def heads(self, after: PersonId | None, limit: int) -> Sequence[PersonId]:
        """Return the heads of groups, in the order of their ids, those after `after`."""
        rows = self._transaction.rows(_HEADS, after=after or "", most=limit)
        return [PersonId(row.person) for row in rows]

    def put(self, persons: Collection[PersonId], head: PersonId | None) -> None:
        """Put `persons` under `head`; None: each is alone from now on."""
        if head is None:
            self._transaction.change_each(_ALONE, [{"whose": each} for each in sorted(persons)])
        else:
            self._transaction.insert_rows(_PUT, [(each, head) for each in sorted(persons)])


_UNDER: Final = by_keys(
    select(JOINED).where(ours(JOINED)).order_by(JOINED.c.head, JOINED.c.person), JOINED.c.head
)
_HEADS: Final = (
    select(JOINED.c.person)
    .where(ours(JOINED), JOINED.c.person > bindparam("after"), JOINED.c.person == JOINED.c.head)
    .order_by(JOINED.c.person)
    .limit(bindparam("most"))
)
_PUT: Final = replacing(JOINED)
_ALONE: Final = delete(JOINED).where(ours(JOINED), JOINED.c.person == bindparam("whose"))
