"""Connections to SQLite and PostgreSQL.

Owns: which driver, and how durable, how patient and how careful with what is deleted a connection is.
Never: a statement about our tables.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from shopbell_server.db.row_security import of_tenant

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

WAIT_S: Final = 5.0
"""How long to wait for a lock or a free connection: a hundred times what a unit of work takes; somebody
who waits longer should hear it and try again."""

CONNECT_S: Final = 5
"""How long a server may take to take a connection; it takes 2 ms next door."""

STATEMENT_S: Final = 60
"""A statement that takes longer is ended: the longest honest one (a migration's index) is exempt."""

CONNECTIONS: Final = 16
"""Ingest, deliveries, jobs and the web's threads; PostgreSQL allows 100 in all by default."""


class DatabaseAddressError(ValueError):
    """The address of the database cannot be used; the text says why and shows no password."""


def open_engine(
    url: str, password: str | None = None, *, tenant: str | None = None, wait_s: float = WAIT_S
) -> Engine:
    """Return an engine for `sqlite:///path` or `postgresql://user@host/name`; it connects when used.

    PostgreSQL shows its connections the rows of `tenant`, and without one none (`row_security`). `wait_s` is
    how long it waits for a lock or for a free connection. Raises DatabaseAddressError.
    """
    address = _parsed(url)
    if address.get_backend_name() == "sqlite":
        return _sqlite(address, wait_s)
    if password is not None:
        address = address.set(password=password)
    return _postgresql(address, tenant, wait_s)


def missing_file(engine: Engine) -> Path | None:
    """Return the file of a SQLite database if it is not there; connecting would make an empty one."""
    if engine.dialect.name != "sqlite":
        return None
    path = Path(str(engine.url.database))
    return None if path.exists() else path


def writing(engine: Engine) -> Engine:
    """Return the engine for units of work that write.

    SQLite: BEGIN IMMEDIATE, so that two never find out at the end that they were two. PostgreSQL: READ
    COMMITTED; what must not change meanwhile is locked row by row.
    """
    return engine.execution_options(**{_WRITES: True})


def reading(engine: Engine) -> Engine:
    """Return the engine for units of work that only read: one snapshot, and waiting for nobody."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_WRITES: False})
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _parsed(url: str) -> URL:
    try:
        address = make_url(url)
        backend = address.get_backend_name()
    except ArgumentError:
        raise DatabaseAddressError(f"not an address of a database: {_ALLOWED}") from None
    if backend == "sqlite":
        if address.database in {None, "", ":memory:"} or address.query:
            raise DatabaseAddressError(f"SQLite needs the path of a file and no more: {_ALLOWED}")
        return address.set(drivername="sqlite+pysqlite")
    if backend == "postgresql":
        return address.set(drivername="postgresql+psycopg")
    raise DatabaseAddressError(f'no database "{backend}": {_ALLOWED}')


def _sqlite(address: URL, wait_s: float) -> Engine:
    path = Path(str(address.database))
    engine = create_engine(
        address,
        hide_parameters=True,
        pool_size=CONNECTIONS,
        pool_timeout=wait_s,
        # The pool gives a connection to one thread at a time, and `begin` below begins transactions.
        connect_args={"check_same_thread": False, "isolation_level": None, "timeout": wait_s},
    )

    @event.listens_for(engine, "do_connect")
    def make_private(*_: object) -> None:
        """Create the file for the owner alone: it holds the secrets of passes. SQLite copies the mode."""
        # Only if it is new: closing a file that SQLite has open would drop the locks on it.
        if path.parent.is_dir() and not path.exists():
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode=0o600))

    @event.listens_for(engine, "connect")
    def set_up(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, True)
        if connection.info.get(_WRITES, True) is not writes:
            connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
            connection.info[_WRITES] = writes
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(address: URL, tenant: str | None, wait_s: float) -> Engine:
    options = [
        f"-c lock_timeout={round(wait_s * 1000)}ms",
        f"-c statement_timeout={STATEMENT_S}s",
        f"-c idle_in_transaction_session_timeout={STATEMENT_S}s",
    ]
    if tenant is not None:
        options.append(of_tenant(tenant))
    return create_engine(
        address,
        hide_parameters=True,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=wait_s,
        isolation_level="READ COMMITTED",
        connect_args={
            "application_name": "shopbell-server",
            "connect_timeout": CONNECT_S,
            # A peer that vanished is noticed within a minute, also when nothing is being sent.
            "keepalives_idle": 20,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
            "options": " ".join(options),
        },
    )


_ALLOWED: Final = 'say "sqlite:///path/to/file.db" or "postgresql://user@host/name"'

_WRITES: Final = "shopbell_writes"

_PRAGMAS: Final = (
    # Readers and the one writer do not wait for each other.
    "journal_mode = WAL",
    # Edges delete what was acknowledged: it must survive a power cut.
    "synchronous = FULL",
    "foreign_keys = ON",
    # What is deleted is overwritten: day keys and people are to be gone, not unlinked.
    "secure_delete = ON",
)
