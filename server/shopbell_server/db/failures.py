"""What went wrong in the database, in the words of the ports.

Owns: which error of which driver means busy, lost or refused.
Never: a value of a row. Drivers quote rows and addresses in their messages, so none is passed on, not
even as a cause; the name of a constraint is ours and says enough.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shopbell_server.ports.database import (
    DatabaseBusyError,
    DatabaseLostError,
    DatabaseRefusedError,
)

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy.exc import SQLAlchemyError

Failure = DatabaseBusyError | DatabaseLostError | DatabaseRefusedError


def in_our_words(error: SQLAlchemyError) -> Failure:
    """Return what to raise, `from None`, in place of `error`."""
    if isinstance(error, PoolTimeoutError):
        return DatabaseBusyError("all connections to the database are in use")
    if isinstance(error, DBAPIError):
        if isinstance(error.orig, sqlite3.Error):
            return _of_sqlite(error.orig)
        # Here, not above: SQLite does without the 80 ms that it takes to load.
        import psycopg  # noqa: PLC0415  # as said

        if isinstance(error.orig, psycopg.Error):
            return _of_postgresql(error.orig)
    return DatabaseRefusedError(f"the statement is at fault ({type(error).__name__})")


def _of_postgresql(error: psycopg.Error) -> Failure:
    state = error.sqlstate
    if state in _PG_BUSY:
        return DatabaseBusyError(f"{_PG_BUSY[state]} (SQLSTATE {state})")
    if state is None:
        import psycopg  # noqa: PLC0415  # as above

        # Raised by the driver itself: about a connection, or about a value that it cannot send.
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return DatabaseLostError(f"PostgreSQL {_why(str(error))}")
        return DatabaseRefusedError(f"PostgreSQL cannot hold a value ({type(error).__name__})")
    if state.startswith(_PG_LOST) or state in _PG_GONE:
        said = _PG_GONE.get(state, "cannot work now")
        return DatabaseLostError(f"PostgreSQL {said} (SQLSTATE {state})")
    if state == _PG_CHECK and error.diag.constraint_name is None:
        # The only check without a name: a row that no partition takes.
        return DatabaseBusyError(f"a partition was dropped meanwhile (SQLSTATE {state})")
    named = error.diag.constraint_name or error.diag.table_name or "no constraint"
    hint = _MIGRATE if state == _PG_NO_TABLE else ""
    return DatabaseRefusedError(f"PostgreSQL refused: {named} (SQLSTATE {state}){hint}")


def _why(message: str) -> str:
    """Return why nobody is let in, as far as that can be read in what the driver says of a connection.

    It gives no code for it, and the text quotes addresses and names, in the language of the server.
    """
    return next(
        (said for piece, said in _PG_UNCONNECTED.items() if piece in message), "does not answer"
    )


def _of_sqlite(error: sqlite3.Error) -> Failure:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if code is None:
        return DatabaseRefusedError(f"SQLite cannot hold a value ({name})")
    primary = code & 0xFF  # the higher bits say why
    if primary in _SQLITE_BUSY or code in _SQLITE_KEY_THERE:
        return DatabaseBusyError(f"another transaction got in the way ({name})")
    if primary in _SQLITE_LOST:
        return DatabaseLostError(f"the database file {_SQLITE_LOST[primary]} ({name})")
    if primary == sqlite3.SQLITE_CONSTRAINT:
        # SQLite names the constraint or gives the trigger's words, and never a value.
        return DatabaseRefusedError(f"SQLite refused: {error}")
    hint = _MIGRATE if primary == sqlite3.SQLITE_ERROR and "no such table" in str(error) else ""
    return DatabaseRefusedError(f"SQLite refused ({name}){hint}")


_MIGRATE: Final = "; a table is missing: run `shopbell-server migrate`"

_PG_BUSY: Final = {
    "40001": "a concurrent change got in the way",
    "40P01": "two transactions waited for each other",
    "55P03": "a row stayed locked for too long",
    "57014": "a statement took too long",
    "23505": "another transaction wrote the same key first",
}

_PG_CHECK: Final = "23514"

_PG_LOST: Final = ("08", "53", "58")
"""Connection trouble; out of connections, memory or disk; trouble of the server's system."""

_PG_GONE: Final = {
    "57P01": "shuts down",
    "57P02": "crashed",
    "57P03": "is not up yet",
    "57P05": "closed a connection that was idle for too long",
    "25P03": "ended a transaction that was idle for too long",
    "28000": "lets this role not in: see the role of the address, and pg_hba.conf",
    "28P01": "refuses the password: see password_file",
    "3D000": "has no such database",
}

_PG_UNCONNECTED: Final = {
    "password authentication failed": "refuses the password: see password_file",
    "no password supplied": "wants a password: see password_file",
    "no pg_hba.conf entry": "lets this role not in from here: see pg_hba.conf",
    "does not exist": "has no such role, or no such database: see the address",
    "Connection refused": "does not answer: nothing listens there",
    "No such file or directory": "does not answer: nothing listens there",
    "could not translate host name": "cannot be found: there is no host of that name",
    "failed to resolve host": "cannot be found: there is no host of that name",
    "too many clients": "has no connection left: see max_connections",
    "remaining connection slots": "has no connection left: see max_connections",
}
"""What libpq and the server say in English, by pieces that hold no value. In another language it stays at
"does not answer"."""

_PG_NO_TABLE: Final = "42P01"

_SQLITE_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

_SQLITE_KEY_THERE: Final = frozenset(
    {
        sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
        sqlite3.SQLITE_CONSTRAINT_UNIQUE,
        sqlite3.SQLITE_CONSTRAINT_ROWID,
    }
)

_SQLITE_LOST: Final = {
    sqlite3.SQLITE_PERM: "is not this user's to use",
    sqlite3.SQLITE_NOMEM: "cannot be used: there is no memory left",
    sqlite3.SQLITE_IOERR: "cannot be used: its disk is full, read-only or failing",
    sqlite3.SQLITE_CORRUPT: "is damaged: restore its backup",
    sqlite3.SQLITE_FULL: "cannot grow: its disk is full, make room",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: is its folder there, and may this user write in it?",
    sqlite3.SQLITE_NOTADB: "is no SQLite database: is it the right file? Else restore its backup",
}
"""A full disk is one of them: room may be made, and what is to be stored waits at the edges."""
