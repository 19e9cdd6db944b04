"""The rows that a group of batches writes, upserted by the bare driver: nothing decided, nothing read.

SQLite: `executemany`. PostgreSQL: COPY into a temporary table, then INSERT … ON CONFLICT. One durable
transaction per group, as the intake's; the tables and their indexes are the product's.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

import psycopg
from psycopg import sql

from shopbell_server.db.observation_tables import OBSERVATIONS
from shopbell_server.db.tables import BATCHES, INTERVALS, STREAMS, VISITS
from tests.rigs.postgres import as_superuser

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Table

TABLES: Final = (BATCHES, OBSERVATIONS, INTERVALS, VISITS, STREAMS)
"""What every group writes while visits go on; the last three are rows that are there already."""

Rows = dict[str, list[tuple[Any, ...]]]
"""By table: rows in the order of its columns."""


class Bare(Protocol):
    """A connection of the driver."""

    def rows(self) -> Rows:
        """Return what is there."""
        ...

    def upsert(self, rows: Rows) -> None:
        """Write rows, durably."""
        ...


def next_rows(before: Rows, group: int) -> Rows:
    """Return what a later group writes: new batches and observations; stays, visits, streams gone on."""
    return {
        BATCHES.name: [
            _changed(BATCHES, row, seq=1_000_000 * group + number)
            for number, row in enumerate(before[BATCHES.name])
        ],
        **{
            table.name: [_later(table, row, group) for row in before[table.name]]
            for table in (OBSERVATIONS, INTERVALS, VISITS, STREAMS)
        },
    }


def _later(table: Table, row: tuple[Any, ...], group: int) -> tuple[Any, ...]:
    moved = {
        OBSERVATIONS.name: "at_ms",
        INTERVALS.name: "last_ms",
        VISITS.name: "end_ms",
        STREAMS.name: "updated_ms",
    }
    name = moved[table.name]
    at = [column.name for column in table.columns].index(name)
    return _changed(table, row, **{name: row[at] + 2_000 * group})


def _changed(table: Table, row: tuple[Any, ...], **values: Any) -> tuple[Any, ...]:
    names = [column.name for column in table.columns]
    return tuple(values.get(name, value) for name, value in zip(names, row, strict=True))


class BareSqlite:
    """sqlite3, as durable as the product's connections."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def rows(self) -> Rows:
        return {table.name: self._connection.execute(_select(table)).fetchall() for table in TABLES}

    def upsert(self, rows: Rows) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        for table in TABLES:
            marks = ", ".join("?" for _ in table.columns)
            text = f"INSERT INTO {table.name} ({_names(table)}) VALUES ({marks}) {_conflict(table)}"  # noqa: S608  our own names
            self._connection.executemany(text, rows[table.name])
        self._connection.execute("COMMIT")


class BarePostgres:
    """psycopg."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(as_superuser(url))
        for table in TABLES:
            self._execute(
                f"CREATE TEMPORARY TABLE new_{table.name} (LIKE {table.name}) ON COMMIT DELETE ROWS"
            )
        self._connection.commit()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def rows(self) -> Rows:
        found = {table.name: self._execute(_select(table)).fetchall() for table in TABLES}
        self._connection.commit()
        return found

    def upsert(self, rows: Rows) -> None:
        for table in TABLES:
            name = table.name
            copying = sql.SQL(f"COPY new_{name} ({_names(table)}) FROM STDIN")
            with self._connection.cursor().copy(copying) as copy:
                for row in rows[name]:
                    copy.write_row(row)
            self._execute(
                f"INSERT INTO {name} ({_names(table)})"  # noqa: S608  our own names
                f" SELECT {_names(table)} FROM new_{name} {_conflict(table)}"
            )
        self._connection.commit()

    def _execute(self, text: str) -> psycopg.Cursor[tuple[Any, ...]]:
        return self._connection.execute(sql.SQL(text))


def count(rows: Mapping[str, Sequence[object]]) -> int:
    """Return how many rows there are."""
    return sum(len(each) for each in rows.values())


def _select(table: Table) -> str:
    return f"SELECT {_names(table)} FROM {table.name}"  # noqa: S608  our own names


def _names(table: Table) -> str:
    return ", ".join(column.name for column in table.columns)


def _conflict(table: Table) -> str:
    key = [column.name for column in table.primary_key]
    others = [column.name for column in table.columns if column.name not in key]
    changes = ", ".join(f"{name} = excluded.{name}" for name in others)
    return f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}"
