"""INSERT, and SELECT by keys of several columns, for both databases.

Owns: INSERT … ON CONFLICT, the fast way to insert and to find many rows, and the greater and smaller of
two values.
Never: which tables there are.

SQLite takes rows one after another (`executemany`), past SQLAlchemy, which takes longer over the values of a
row than SQLite over the row. PostgreSQL takes one array per column in one statement (`arrays`), in place of
COPY into a temporary table and INSERT … ON CONFLICT from there. Of the time of that it takes, in turns on one
connection, half for 50 rows, 0.75 (observations, new) to 1.0 (evidence, there already) for 1000, and 1.0 for
the 3200 that the largest group of batches has. And no connection needs a temporary table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import Text, bindparam, cast, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from shopbell_server.db.arrays import rows_of, writer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Column, ColumnElement, Executable, Select, Table

    from shopbell_server.db.arrays import Write

    Changes = Callable[[Any, Any, "Words"], Mapping[str, ColumnElement[Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """An INSERT for each database. A row is a tuple with a value for each of `columns`."""

    columns: tuple[str, ...]
    """All columns but the tenant, in the table's order."""
    by_rows: str
    """For SQLite's driver: the tenant, then the row."""
    by_columns: Executable
    writers: tuple[Write, ...]

    def rows(self, values: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        """Return rows of values by name; what is not named is NULL."""
        return [tuple(map(each.get, self.columns)) for each in values]

    def arrays(self, rows: Sequence[tuple[Any, ...]]) -> dict[str, str]:
        """Return the parameters of `by_columns` for rows, of which there must be some."""
        return _arrays(self.columns, self.writers, rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A SELECT of rows by keys of several columns, for each database."""

    names: tuple[str, ...]
    by_json: Executable
    by_columns: Executable
    writers: tuple[Write, ...]

    def statement(self, database: str) -> Executable:
        """Return the statement for "sqlite" or "postgresql"."""
        return self.by_json if database == "sqlite" else self.by_columns

    def parameters(self, database: str, keys: Sequence[tuple[str | int, ...]]) -> dict[str, str]:
        """Return the parameters for keys, of which there must be some."""
        if database == "sqlite":
            return {"keys": msgspec.json.encode(keys).decode()}
        return _arrays(self.names, self.writers, keys)


class Words:
    """The functions that differ: SQLite's `max` of two is PostgreSQL's `greatest`.

    With a NULL SQLite says NULL and PostgreSQL the other value: give both values, never a NULL.
    """

    def __init__(self, greater: str, smaller: str) -> None:
        self._greater = greater
        self._smaller = smaller

    def greater(self, one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return the greater of two values."""
        return getattr(func, self._greater)(one, other)  # type: ignore[no-any-return]

    def smaller(self, one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return the smaller of two values."""
        return getattr(func, self._smaller)(one, other)  # type: ignore[no-any-return]


def by_keys(statement: Select[Any], *columns: Column[Any]) -> Lookup:
    """Return `statement` for the rows whose `columns`, texts or whole numbers, are among given keys.

    Not `IN (VALUES …)`: for several keys SQLite then reads every row of the tenant.
    """
    key = tuple_(*columns)
    value = func.json_each(bindparam("keys", type_=Text)).table_valued("value").c.value
    parts = (
        cast(func.json_extract(value, f"$[{at}]"), each.type) for at, each in enumerate(columns)
    )
    return Lookup(
        names=tuple(each.name for each in columns),
        by_json=statement.where(key.in_(select(*parts))),
        by_columns=statement.where(key.in_(select(*rows_of(columns).c))),
        writers=tuple(writer(each) for each in columns),
    )


def adding(table: Table) -> Insert:
    """Return an INSERT of rows whose keys must be new."""
    return _insert(table, lambda statement, _: statement)


def keeping(table: Table) -> Insert:
    """Return an INSERT that leaves a row alone whose key is there."""
    key = list(table.primary_key)
    return _insert(table, lambda statement, _: statement.on_conflict_do_nothing(index_elements=key))


def replacing(table: Table) -> Insert:
    """Return an INSERT that replaces everything of a row whose key is there."""
    others = [each.name for each in table.columns if each not in set(table.primary_key)]
    return merging(table, lambda _, new, __: {name: new[name] for name in others})


def merging(table: Table, changes: Changes) -> Insert:
    """Return an INSERT that sets `changes(old, new, words)` where the key is there already.

    Of the rows that are inserted at once no two may have the same key. The changes must be of columns and
    `literal_column`s alone: a row has no room for other values.
    """
    key = list(table.primary_key)
    return _insert(
        table,
        lambda statement, words: statement.on_conflict_do_update(
            index_elements=key, set_=changes(table.c, statement.excluded, words)
        ),
    )


def _insert(
    table: Table,
    completed: Callable[[Any, Words], postgresql.Insert | sqlite.Insert],
) -> Insert:
    columns = [each for each in table.columns if each.name != "tenant"]
    names = [each.name for each in columns]
    incoming = rows_of(columns)
    rows = select(bindparam("our_tenant", type_=table.c.tenant.type), *incoming.c)
    return Insert(
        columns=tuple(names),
        by_rows=str(completed(sqlite.insert(table), _SQLITE).compile(dialect=sqlite.dialect())),
        by_columns=completed(
            postgresql.insert(table).from_select(["tenant", *names], rows, include_defaults=False),
            _POSTGRESQL,
        ),
        writers=tuple(writer(each) for each in columns),
    )


def _arrays(
    names: Sequence[str], writers: Sequence[Write], rows: Sequence[tuple[Any, ...]]
) -> dict[str, str]:
    return {
        f"all_{name}": write(values)
        for name, write, values in zip(names, writers, zip(*rows, strict=True), strict=True)
    }


_SQLITE: Final = Words("max", "min")

_POSTGRESQL: Final = Words("greatest", "least")
