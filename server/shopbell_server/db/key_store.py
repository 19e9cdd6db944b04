"""Keys in a SQLite file or a PostgreSQL database of their own.

Owns: their rows, and that nothing of a destroyed key is left where this store can reach.
Never: what they open, nor backups: those of this store must be gone within seven days (deploy/README.md).

SQLite overwrites what is deleted (`secure_delete`), and its log is emptied. PostgreSQL keeps old rows on its
pages whatever VACUUM does, so the table is written anew (VACUUM FULL: a second for a million keys); its log
(WAL) has them until its files are used again, and an archive of it for as long as that is kept.
"""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from shopbell_server.core.keeping.owners import KEY_BYTES, Owner
from shopbell_server.db.engine import WAIT_S, missing_file, open_engine, reading, writing
from shopbell_server.db.failures import in_our_words
from shopbell_server.db.key_tables import KEYS_METADATA, OWNER_KEYS
from shopbell_server.db.row_security import guard
from shopbell_server.db.statements import by_keys, keeping
from shopbell_server.db.transaction import LIST_SIZE, Transaction, ours
from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.ports.keys import KeysLostError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sqlalchemy.engine import Connection, Engine

    from shopbell_server.core.ids import TenantId


class KeysNotPreparedError(RuntimeError):
    """There are no keys where they should be: away, or never made. The text says where, and what to do."""


class SqlKeys:
    """`KeyStore` in SQL. `prepare` makes its table."""

    def __init__(
        self, url: str, tenant: TenantId, *, password: str | None = None, wait_s: float = WAIT_S
    ) -> None:
        """Raise DatabaseAddressError if `url` is none that `engine.open_engine` takes."""
        self._engine = open_engine(url, password, tenant=tenant, wait_s=wait_s)
        self._tenant = tenant

    def known(self, owners: Collection[Owner]) -> Mapping[Owner, bytes]:
        """Return the keys of those that have one."""
        with self._transaction(reading(self._engine)) as transaction:
            return _found(transaction, owners)

    def made(self, owners: Collection[Owner]) -> Mapping[Owner, bytes]:
        """Return the keys of all of `owners`, made where there was none."""
        found = dict(self.known(owners))
        missing = sorted(set(owners) - found.keys())
        if not missing:
            return found
        with self._transaction(writing(self._engine)) as transaction:
            transaction.insert(
                _ADD,
                [{"owner": each, "key": secrets.token_bytes(KEY_BYTES)} for each in missing],
            )
            # Of two who make one at once the first one's is kept, and the other reads it here.
            found |= _found(transaction, missing)
            transaction.commit()
        return found

    def destroy(self, owners: Collection[Owner]) -> None:
        """Delete the keys, and leave nothing of them: also of such as were deleted, but not yet wiped.

        Raises DatabaseBusyError while somebody holds the store open: the keys open nothing any more, but
        call it again until it returns.
        """
        if not owners:
            return
        wanted = list(owners)
        with self._transaction(writing(self._engine)) as transaction:
            for start in range(0, len(wanted), LIST_SIZE):
                transaction.change(_DESTROY, whose=wanted[start : start + LIST_SIZE])
            transaction.commit()
        with _said_of_keys():
            _wipe(self._engine)

    def require_prepared(self) -> None:
        """Raise KeysNotPreparedError unless there is a table; KeysLostError if nobody answers.

        Makes nothing: a file that is away stays away.
        """
        missing = missing_file(self._engine)
        if missing is not None:
            raise KeysNotPreparedError(f'there is no store of keys: no file "{missing}". {_WHERE}')
        with _said_of_keys(), reading(self._engine).connect() as connection:
            there = inspect(connection).has_table(OWNER_KEYS.name)
        if not there:
            place = self._engine.url.database
            raise KeysNotPreparedError(f'the store of keys "{place}" is empty. {_WHERE}')

    def close(self) -> None:
        """Close all connections that are not in use."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Transaction]:
        transaction = Transaction(engine, self._tenant)
        with _said_of_keys():
            transaction.begin()
            try:
                yield transaction
            finally:
                transaction.roll_back()


def prepare(url: str, password: str | None = None) -> None:
    """Make the table if it is not there. Of two that try at once one waits, and finds it there.

    Raises KeysLostError, DatabaseBusyError, DatabaseAddressError.
    """
    engine = open_engine(url, password)
    try:
        with _said_of_keys(), writing(engine).begin() as connection:
            _lock(connection)
            KEYS_METADATA.create_all(connection)
            guard(connection, OWNER_KEYS.name)
    finally:
        engine.dispose()


def _found(transaction: Transaction, owners: Collection[Owner]) -> dict[Owner, bytes]:
    rows = transaction.rows_by_keys(_KNOWN, [(owner,) for owner in owners])
    return {Owner(row.owner): row.key for row in rows}


@contextmanager
def _said_of_keys() -> Iterator[None]:
    """Say of which database it is that something went wrong."""
    try:
        yield
    except SQLAlchemyError as error:
        said = in_our_words(error)
        if isinstance(said, DatabaseLostError):
            raise KeysLostError(f"{_THE_STORE}: {said}") from None
        raise said from None
    except DatabaseLostError as error:
        raise KeysLostError(f"{_THE_STORE}: {error}") from None


def _wipe(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        _empty_log(engine)
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Closed afterwards, and not kept for others: nobody else may wait without a limit.
        connection.detach()
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text(f"VACUUM (FULL) {OWNER_KEYS.name}"))


def _empty_log(engine: Engine) -> None:
    # Past SQLAlchemy, which begins a transaction first, in which nobody empties the log.
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy = cursor.fetchone()
        cursor.close()
    except sqlite3.Error as error:
        raise DatabaseLostError(
            f"its log could not be emptied ({getattr(error, 'sqlite_errorname', 'SQLite')}): "
            "the disk is full, or fails"
        ) from None
    finally:
        connection.close()
    if busy is None or busy[0] != 0:
        raise DatabaseBusyError("the store of keys is being read: its log could not be emptied")


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))


_THE_STORE: Final = "the store of keys"

_WHERE: Final = (
    "Is its disk mounted, and is [keys] right? Else restore its backup. Where none was ever used "
    "`shopbell-server migrate` makes it; where it is lost for good `shopbell-server migrate --new-keys` "
    "does, and what it sealed is gone"
)

_LOCK: Final = 0x53686F704B657973
""""ShopKeys" in ASCII: a number that no other program's advisory lock is likely to have."""

_KNOWN: Final = by_keys(select(OWNER_KEYS).where(ours(OWNER_KEYS)), OWNER_KEYS.c.owner)
_ADD: Final = keeping(OWNER_KEYS)
_DESTROY: Final = delete(OWNER_KEYS).where(
    ours(OWNER_KEYS), OWNER_KEYS.c.owner.in_(bindparam("whose", expanding=True))
)
