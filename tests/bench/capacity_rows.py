"""How many rows there are in each table of a database, and how many bytes with their indexes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Final

import msgspec
import psycopg
from psycopg import sql

_SQLITE: Final = """
SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name
GROUP BY m.tbl_name ORDER BY m.tbl_name
"""

_POSTGRES: Final = """
SELECT coalesce(p.relname, c.relname) AS name, sum(pg_total_relation_size(c.oid))::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = i.inhparent
WHERE c.relkind = 'r' GROUP BY 1 ORDER BY 1
"""
"""Partitions are counted with what they are of."""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One table."""

    name: str
    rows: int
    size_bytes: int


def tables(url: str) -> tuple[Table, ...]:
    """Return all tables of the database at `url`, PostgreSQL's packed first.

    There an update leaves room behind, which the next ones fill once autovacuum has come by. In a load of a
    minute it has not, and in thirteen months nothing of it is left.
    """
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as lite:
            return tuple(
                Table(
                    name=name,
                    rows=lite.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0],  # noqa: S608  # of the database itself
                    size_bytes=size,
                )
                for name, size in lite.execute(_SQLITE).fetchall()
            )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM FULL")
        return tuple(
            Table(name=name, rows=_rows(connection, name), size_bytes=size)
            for name, size in connection.execute(_POSTGRES).fetchall()
        )


def log_bytes(url: str) -> int:
    """Return how much PostgreSQL has written to its log since it was made; 0 of SQLite."""
    if url.startswith("sqlite"):
        return 0
    with psycopg.connect(url) as connection:
        ((written,),) = connection.execute("SELECT pg_current_wal_lsn() - '0/0'").fetchall()
        return int(written)


def _rows(connection: psycopg.Connection, name: str) -> int:
    found = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name)))
    ((rows,),) = found.fetchall()
    return int(rows)
