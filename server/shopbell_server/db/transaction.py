"""One transaction, and the only place where statements are executed.

Owns: beginning, ending, the tenant of every statement, and errors in our words.
Never: what is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam
from sqlalchemy.exc import SQLAlchemyError

from shopbell_server.db.failures import in_our_words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, MutableMapping, Sequence

    from sqlalchemy import ColumnElement, Executable, Row, Table
    from sqlalchemy.engine import Connection, Engine

    from shopbell_server.core.ids import TenantId
    from shopbell_server.db.statements import Insert, Lookup
    from shopbell_server.ports.boxes import Boxes


def ours(table: Table) -> ColumnElement[bool]:
    """Return the condition that every statement but INSERT must have: rows of this tenant.

    `Transaction` fills in who that is. The name of the parameter is no column's, as UPDATE wants.
    """
    return table.c.tenant == bindparam("our_tenant")


LIST_SIZE: Final = 5_000
"""Values in one list: three columns each stay below the 32 766 parameters of a SQLite statement."""


class Transaction:
    """From `begin` to `commit` or `roll_back`; afterwards it answers RuntimeError."""

    def __init__(self, engine: Engine, tenant: TenantId, boxes: Boxes | None = None) -> None:
        """`boxes` seal what columns of this tenant keep of people; the store of keys itself has none."""
        self._engine = engine
        self._tenant = tenant
        self._boxes = boxes
        self._connection: Connection | None = None

    @property
    def tenant(self) -> TenantId:
        """Return whose rows it is about."""
        return self._tenant

    @property
    def boxes(self) -> Boxes:
        """Return what seals and opens columns, and marks values: once for many rows, it asks for keys."""
        if self._boxes is None:
            raise RuntimeError("this transaction was begun without boxes")
        return self._boxes

    @property
    def database(self) -> str:
        """Return "sqlite" or "postgresql"."""
        return self._engine.dialect.name

    @property
    def remembered(self) -> MutableMapping[Any, Any]:
        """Return what the connection remembers from one transaction to the next, of whatever tenant.

        Others change the database meanwhile: whoever looks here must notice when it is no longer so.
        """
        return self._open.info

    def begin(self) -> None:
        """Wait for a connection, and in SQLite for the right to write."""
        try:
            connection = self._engine.connect()
            self._connection = connection
            connection.begin()
        except SQLAlchemyError as error:
            self.roll_back()
            raise in_our_words(error) from None

    def rows(self, statement: Executable, **values: object) -> Sequence[Row[Any]]:
        """Return the rows that a SELECT, or a statement with RETURNING, gives."""
        try:
            return self._open.execute(statement, {"our_tenant": self._tenant, **values}).all()
        except SQLAlchemyError as error:
            raise in_our_words(error) from None

    def rows_among(
        self, statement: Executable, name: str, wanted: Collection[object], **others: object
    ) -> Iterator[Row[Any]]:
        """Return the rows of a SELECT whose parameter `name` is a list, however long."""
        values = list(wanted)
        for start in range(0, len(values), LIST_SIZE):
            yield from self.rows(statement, **{name: values[start : start + LIST_SIZE]}, **others)

    def rows_by_keys(
        self, lookup: Lookup, keys: Sequence[tuple[str | int, ...]], **others: object
    ) -> Sequence[Row[Any]]:
        """Return the rows that have one of the keys, however many: as one parameter, however long."""
        if not keys:
            return ()
        found = lookup.parameters(self.database, keys)
        return self.rows(lookup.statement(self.database), **found, **others)

    def row(self, statement: Executable, **values: object) -> Row[Any] | None:
        """Return the first row."""
        return next(iter(self.rows(statement, **values)), None)

    def change(self, statement: Executable, **values: object) -> int:
        """Execute an UPDATE or DELETE; return how many rows it changed."""
        try:
            result = self._open.execute(statement, {"our_tenant": self._tenant, **values})
        except SQLAlchemyError as error:
            raise in_our_words(error) from None
        return int(getattr(result, "rowcount", 0))

    def change_each(self, statement: Executable, values: Sequence[Mapping[str, Any]]) -> None:
        """Execute an UPDATE or DELETE once for each of `values`."""
        if not values:
            return
        try:
            self._open.execute(statement, [{"our_tenant": self._tenant, **each} for each in values])
        except SQLAlchemyError as error:
            raise in_our_words(error) from None

    def insert(self, insert: Insert, values: Sequence[Mapping[str, Any]]) -> int:
        """Insert rows of values by name, which get their tenant here; return what `insert_rows` does."""
        return self.insert_rows(insert, insert.rows(values))

    def insert_rows(self, insert: Insert, rows: Sequence[tuple[Any, ...]]) -> int:
        """Insert rows of all of `insert.columns`; return how many were inserted or changed."""
        if not rows:
            return 0
        try:
            if self.database == "sqlite":
                ours = [(self._tenant, *row) for row in rows]
                result = self._open.exec_driver_sql(insert.by_rows, ours, execution_options=_COUNT)
            else:
                values = {"our_tenant": self._tenant, **insert.arrays(rows)}
                result = self._open.execute(insert.by_columns, values, execution_options=_COUNT)
        except SQLAlchemyError as error:
            raise in_our_words(error) from None
        return int(result.rowcount)

    def commit(self) -> None:
        """Make it true, or raise; either way it is over."""
        connection = self._open
        try:
            connection.commit()
        except SQLAlchemyError as error:
            raise in_our_words(error) from None
        finally:
            self.roll_back()

    def roll_back(self) -> None:
        """End without effect what was not committed."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.close()
        except SQLAlchemyError:
            # The server ends the transaction of a connection that is gone.
            connection.invalidate()
            connection.close()

    @property
    def _open(self) -> Connection:
        if self._connection is None:
            raise RuntimeError("this unit of work has ended, or was never entered")
        return self._connection


_COUNT: Final = {"preserve_rowcount": True}
"""Otherwise nobody asks the driver how many rows an INSERT made."""
