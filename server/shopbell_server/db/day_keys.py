"""The keys that tokens are made and read with.

Owns: the rows behind the port `DayKeys`.
Never: what a key opens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, select

from shopbell_server.core.ids import Day
from shopbell_server.core.keeping.owners import owner_of_day
from shopbell_server.db.people_tables import DAY_KEYS
from shopbell_server.db.statements import keeping
from shopbell_server.db.transaction import ours
from shopbell_server.ports.boxes import Content

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.db.transaction import Transaction

DAY_KEY: Final = "day_keys.key"
"""What boxes of day keys are tied to: it stays as it is, whatever the column is called one day."""


class SqlDayKeys:
    """`DayKeys` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def keys(self, days: Collection[Day]) -> Mapping[Day, bytes]:
        """Return those that exist, and whose own key was not destroyed."""
        rows = list(self._transaction.rows_among(_KEYS, "days", days))
        keys = self._transaction.boxes.open(
            DAY_KEY, [_content(row.day, row.key_box) for row in rows]
        )
        return {Day(row.day): key for row, key in zip(rows, keys, strict=True) if key is not None}

    def add(self, day: Day, key: bytes) -> None:
        """Keep `key` unless the day has one already: two workers may try at once.

        One that nobody can read any more, because its own key is lost, is none.
        """
        if not self.keys([day]):
            self._transaction.change(_DROP, this=day)
        box = self._transaction.boxes.seal(DAY_KEY, [_content(day, key)])[0]
        self._transaction.insert(_ADD, [{"day": day, "key_box": box}])

    def before(self, day: Day) -> Collection[Day]:
        """Return the days before `day` that have a key."""
        return [Day(row.day) for row in self._transaction.rows(_BEFORE, before=day)]

    def destroy_before(self, day: Day) -> int:
        """Delete the keys of earlier days; return how many.

        What PostgreSQL and backups keep of the rows is boxes, whose own keys were destroyed before.
        """
        return self._transaction.change(_DESTROY, before=day)


def _content(day: Day, value: bytes) -> Content:
    return Content(owner_of_day(day), str(day), value)


_KEYS: Final = select(DAY_KEYS).where(
    ours(DAY_KEYS), DAY_KEYS.c.day.in_(bindparam("days", expanding=True))
)
_ADD: Final = keeping(DAY_KEYS)
_BEFORE: Final = (
    select(DAY_KEYS.c.day)
    .where(ours(DAY_KEYS), DAY_KEYS.c.day < bindparam("before"))
    .order_by(DAY_KEYS.c.day)
)
_DROP: Final = delete(DAY_KEYS).where(ours(DAY_KEYS), DAY_KEYS.c.day == bindparam("this"))
_DESTROY: Final = delete(DAY_KEYS).where(ours(DAY_KEYS), DAY_KEYS.c.day < bindparam("before"))
