"""Partitions of the table of observations, on PostgreSQL: one for each hour.

Owns: their names, making and dropping them, whoever else does the same.
Never: rows, or how long they are kept (`core.observations`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import text

from shopbell_server.core.observations import SHELF_MS
from shopbell_server.db.row_security import policy_of
from shopbell_server.ports.database import DatabaseLostError, DatabaseRefusedError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from shopbell_server.db.transaction import Transaction


class Shelves:
    """The partitions that there are. All tenants share them."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def missing(self, shelves: Collection[int]) -> frozenset[int]:
        """Return those of `shelves` that are not there."""
        named = {_name(each): each for each in shelves}
        rows = self._transaction.rows(_MISSING, names=sorted(named))
        return frozenset(named[row.name] for row in rows)

    def make(self, shelves: Collection[int]) -> None:
        """Make those that are not there. Writers go on meanwhile; who makes or drops some waits.

        Raises DatabaseLostError where this role may not: what edges bring waits until it may.
        """
        if not self.missing(shelves):
            return
        self._transaction.rows(_HOLD)
        try:
            for shelf in sorted(self.missing(shelves)):
                self._execute(_making(shelf))
        except DatabaseRefusedError as error:
            raise DatabaseLostError(
                f"no table can be made for observations: the server's role must own the database ({error})"
            ) from None

    def drop(self, first_kept: int) -> int:
        """Drop those below `first_kept`; return about how many rows were in them, by PostgreSQL's count.

        0 too while somebody else makes or drops some. Whoever uses the table is waited for, shortly: who
        comes meanwhile waits behind. Raises DatabaseBusyError where that takes too long.
        """
        limit = _name(first_kept)
        if not self._below(limit) or not self._transaction.rows(_TRY)[0].held:
            return 0
        old = self._below(limit)
        self._execute([f"SET LOCAL lock_timeout = '{PATIENCE_MS}ms'"])
        self._execute(f"DROP TABLE {name}" for name in old)
        return sum(old.values())

    def _below(self, limit: str) -> dict[str, int]:
        return {row.name: int(row.rows) for row in self._transaction.rows(_BELOW, limit=limit)}

    def _execute(self, statements: Iterable[str]) -> None:
        for each in statements:
            self._transaction.change(text(each))


PATIENCE_MS: Final = 500
"""For how long a drop waits for transactions that use the table, and keeps others waiting: those of ingest
take 50 ms. The job tries again ten seconds later."""


def _name(shelf: int) -> str:
    """Return the name of a partition, by its hour in UTC; names are in the order of time."""
    began = datetime.fromtimestamp(shelf * SHELF_MS / 1000, tz=UTC)
    return f"{_PREFIX}{began:%Y%m%d%H}"


def _making(shelf: int) -> tuple[str, ...]:
    """Return what makes a partition. It is attached when it is whole: nobody has to wait for that."""
    name = _name(shelf)
    bounds = f"FOR VALUES FROM ({shelf * SHELF_MS}) TO ({(shelf + 1) * SHELF_MS})"
    return (
        f"CREATE TABLE {name} (LIKE observations INCLUDING ALL)",
        # Who names a partition and not the table is held to its own policy.
        *policy_of(name),
        f"ALTER TABLE observations ATTACH PARTITION {name} {bounds}",
    )


_PREFIX: Final = "observations_"

_LOCK: Final = 0x53686F70526F6F6D
""""ShopRoom" in ASCII: held by who makes or drops partitions, until his transaction ends."""

# Not `to_regclass`, which goes by what the connection remembers of names until it locks a table.
_MISSING: Final = text("""
    SELECT name FROM unnest(CAST(:names AS text[])) AS wanted (name) WHERE NOT EXISTS (
        SELECT FROM pg_class WHERE relname = name AND relispartition
        AND relnamespace = current_schema()::regnamespace
    )
""")
_HOLD: Final = text(f"SELECT pg_advisory_xact_lock({_LOCK})")
_TRY: Final = text(f"SELECT pg_try_advisory_xact_lock({_LOCK}) AS held")
_BELOW: Final = text("""
    SELECT relname AS name, pg_stat_get_live_tuples(pg_class.oid) AS rows
    FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = 'observations'::regclass AND relname COLLATE "C" < :limit
    ORDER BY relname COLLATE "C"
""")
