"""The keys that tokens are made and read with.

Owns: the rows behind the port `DayKeys`.
Never: what a key opens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, select, update

from shopbell_server.core.ids import Day
from shopbell_server.db.people_tables import DAY_KEYS
from shopbell_server.db.statements import keeping
from shopbell_server.db.transaction import ours

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.db.transaction import Transaction


class SqlDayKeys:
    """`DayKeys` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def keys(self, days: Collection[Day]) -> Mapping[Day, bytes]:
        """Return those that exist."""
        return {Day(row.day): row.key for row in self._transaction.rows_among(_KEYS, "days", days)}

    def add(self, day: Day, key: bytes) -> None:
        """Keep `key` unless the day has one already: two workers may try at once."""
        self._transaction.insert(_ADD, [{"day": day, "key": key}])

    def destroy_before(self, day: Day) -> int:
        """Overwrite and delete the keys of earlier days; return how many.

        SQLite overwrites the file (`secure_delete`; its log until the next checkpoint). PostgreSQL keeps
        the old version of a row until VACUUM, and its log for as long as it is archived.
        """
        self._transaction.change(_OVERWRITE, before=day, nothing=bytes(32))
        return self._transaction.change(_DESTROY, before=day)


_KEYS: Final = select(DAY_KEYS).where(
    ours(DAY_KEYS), DAY_KEYS.c.day.in_(bindparam("days", expanding=True))
)
_ADD: Final = keeping(DAY_KEYS)
_OVERWRITE: Final = (
    update(DAY_KEYS)
    .where(ours(DAY_KEYS), DAY_KEYS.c.day < bindparam("before"))
    .values(key=bindparam("nothing"))
)
_DESTROY: Final = delete(DAY_KEYS).where(ours(DAY_KEYS), DAY_KEYS.c.day < bindparam("before"))
