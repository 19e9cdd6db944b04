"""Bringing the tables of a database to what this version of the program needs.

Owns: which revision a database is at, and getting from one to another, whole or not at all.
Never: what a revision changes (`migrations/versions`).

Alembic is loaded where there is something to do: every start asks which revision the tables are at, and
one in a hundred has to change them.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from shopbell_server.db.engine import WAIT_S, missing_file, open_engine, writing
from shopbell_server.db.failures import in_our_words
from shopbell_server.db.key_tables import PAIRED_KEYS
from shopbell_server.db.row_security import bypassed, hold, let_go, require_told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alembic.config import Config
    from sqlalchemy.engine import Connection, Engine

    from shopbell_server.core.ids import TenantId
    from shopbell_server.ports.boxes import Boxes

    BoxesOf = Callable[[TenantId], Boxes]

NEWEST: Final = "0031"
"""The revision that this version of the program needs: the head of `migrations/versions`."""

PATIENCE_S: Final = 3_600.0
"""How long one who migrates waits for another: ten times what sealing a hundred thousand people takes."""


class DatabaseTooNewError(RuntimeError):
    """A newer version of the program has changed the tables. Upgrade the program, or restore a backup."""


class DatabaseTooOldError(RuntimeError):
    """The tables are older than the program. Run `shopbell-server migrate`."""


def current(url: str, password: str | None = None) -> str | None:
    """Return the revision that the database is at; None if it has no tables of ours.

    Raises DatabaseLostError, DatabaseAddressError.
    """
    with _connection(url, password) as connection:
        return _revision(connection)


def missing(url: str) -> Path | None:
    """Return the file of a SQLite database if it is not there: `upgrade` would make an empty one."""
    engine = open_engine(url)
    try:
        return missing_file(engine)
    finally:
        engine.dispose()


def require_there(url: str) -> None:
    """Raise DatabaseTooOldError for a SQLite database without its file."""
    file = missing(url)
    if file is not None:
        raise DatabaseTooOldError(
            f'there is no database: no file "{file}". Is its disk mounted, and is [database] right? '
            "Else restore its backup. Where there was none yet `shopbell-server migrate --create` makes it"
        )


def require_newest(url: str, password: str | None = None, *, tenant: str | None = None) -> None:
    """Raise DatabaseTooOldError or DatabaseTooNewError unless the tables are those of this version.

    A SQLite file that is not there is not made. Raises TenantNotToldError if connections of `tenant` do not
    arrive with it.
    """
    require_there(url)
    with _connection(url, password, tenant) as connection:
        _compare(_revision(connection))
        if tenant is not None:
            require_told(connection, tenant)


def is_sealed(url: str, tenant: str, password: str | None = None) -> bool:
    """Return whether the rows of `tenant` were sealed with keys; False if there is no database yet.

    Raises DatabaseLostError, DatabaseAddressError.
    """
    if missing(url) is not None:
        return False
    with _connection(url, password, tenant) as connection:
        if not inspect(connection).has_table(PAIRED_KEYS.name):
            return False
        mark = select(PAIRED_KEYS.c.mark).where(PAIRED_KEYS.c.tenant == tenant)
        return connection.execute(mark).first() is not None


def unguarded(url: str, password: str | None = None) -> str | None:
    """Return why the database does not keep tenants apart by itself, and what to do; None if it does.

    Raises DatabaseLostError, DatabaseAddressError.
    """
    if missing(url) is not None:
        return None
    with _connection(url, password) as connection:
        return bypassed(connection)


def upgrade(url: str, password: str | None = None, *, boxes_of: BoxesOf | None = None) -> str:
    """Bring the database to the newest revision, and return which that is.

    All in one transaction: it either happened or did not. Of two that try at once one waits, and then
    finds nothing to do. `boxes_of` seals what stands there in clear, from before it was sealed; afterwards
    its tables are written anew, so that no old page has it. Where that fails, for want of room, or was
    killed, `still_readable` says so until a later call has done it. Raises DatabaseTooNewError,
    DatabaseLostError, DatabaseBusyError.
    """
    with _connection(url, password, wait_s=PATIENCE_S) as connection:
        before = _revision(connection)
        try:
            _compare(before)
        except DatabaseTooOldError:
            from alembic import command  # noqa: PLC0415  # as said above

            let_go(connection)
            command.upgrade(_config(connection, boxes_of), NEWEST)
            hold(connection)
            if before is not None and before < _SEALED:
                _note(connection, stale=True)
        stale = _is_stale(connection)
    if stale:
        # The tables are right, and a server that waits for room on its disk would hear nobody.
        _write_anew(url, password)
    return NEWEST


def still_readable(url: str, password: str | None = None) -> str | None:
    """Return what to do if old pages have in clear what is sealed by now; None if they have not.

    Raises DatabaseLostError, DatabaseBusyError, DatabaseAddressError.
    """
    if missing(url) is not None:
        return None
    with _connection(url, password) as connection:
        return _STALE if _is_stale(connection) else None


def downgrade(url: str, revision: str, password: str | None = None) -> None:
    """Take the database back to `revision`, or to "base": without tables. Rows are lost by it."""
    from alembic import command  # noqa: PLC0415  # as said above

    with _connection(url, password) as connection:
        let_go(connection)
        command.downgrade(_config(connection), revision)
        hold(connection)


def _compare(revision: str | None) -> None:
    if revision is None:
        raise DatabaseTooOldError("the database has no tables yet: run `shopbell-server migrate`")
    if revision == NEWEST:
        return
    from alembic.script import ScriptDirectory  # noqa: PLC0415  # as said above

    scripts = ScriptDirectory.from_config(_config(None))
    if revision in {each.revision for each in scripts.walk_revisions()}:
        raise DatabaseTooOldError(
            f"the database is at revision {revision}, this program needs {NEWEST}: "
            "run `shopbell-server migrate`"
        )
    raise DatabaseTooNewError(
        f"the database is at revision {revision}, which this program does not know "
        f"(its newest is {NEWEST}): install the version that made it, or restore a backup"
    )


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    # No row: revisions were taken back to the first and beyond.
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


@contextmanager
def _connection(
    url: str, password: str | None, tenant: str | None = None, *, wait_s: float = WAIT_S
) -> Iterator[Connection]:
    """Yield a connection in one transaction that nobody else migrates in."""
    engine = open_engine(url, password, tenant=tenant, wait_s=wait_s)
    try:
        with writing(engine).begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(text("SET LOCAL lock_timeout = 0"))
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            yield connection
    except SQLAlchemyError as error:
        raise in_our_words(error) from None
    finally:
        engine.dispose()


def _write_anew(url: str, password: str | None) -> bool:
    """Leave nothing on the pages of the database of what stood there in clear; all wait meanwhile.

    Return whether that was done: not without room for a copy, nor while somebody else reads for long.
    """
    engine = open_engine(url, password)
    try:
        if not _rewritten(engine):
            return False
        with writing(engine).begin() as connection:
            _note(connection, stale=False)
    except (SQLAlchemyError, sqlite3.Error):
        return False
    finally:
        engine.dispose()
    return True


def _rewritten(engine: Engine) -> bool:
    if engine.dialect.name == "sqlite":
        # Past SQLAlchemy, which begins a transaction first: VACUUM works in none.
        with closing(engine.raw_connection()) as raw, closing(raw.cursor()) as cursor:
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            log = cursor.fetchone()
            return log is not None and log[0] == 0
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("SET lock_timeout = 0"))
        connection.execute(text(f"VACUUM (FULL) {', '.join(_WITH_SEALED)}"))
    return True


def _note(connection: Connection, *, stale: bool) -> None:
    """Note, with what else the transaction does, whether old pages have to be written anew."""
    if connection.dialect.name == "sqlite":
        connection.execute(text(f"PRAGMA user_version = {int(stale)}"))
    else:
        said = f"'{_NOTED}'" if stale else "NULL"
        connection.execute(text(f"COMMENT ON TABLE alembic_version IS {said}"))


def _is_stale(connection: Connection) -> bool:
    if connection.dialect.name == "sqlite":
        return bool(connection.execute(text("PRAGMA user_version")).scalar())
    said = connection.execute(
        text("SELECT obj_description(to_regclass('alembic_version'), 'pg_class')")
    )
    return said.scalar() == _NOTED


def _config(connection: Connection | None, boxes_of: BoxesOf | None = None) -> Config:
    from alembic.config import Config  # noqa: PLC0415  # as said above

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    config.attributes["boxes_of"] = boxes_of
    return config


_SEALED: Final = "0018"
"""The last revision that seals what stood there in clear."""

_NOTED: Final = "old pages are readable"

_STALE: Final = (
    "what is sealed by now can still be read on old pages of the database. Give its disk room for a "
    "second copy, and run `shopbell-server migrate` again while no server runs"
)

_WITH_SEALED: Final = ("profiles", "enrolments", "cards", "facts", "day_keys")

_MIGRATIONS: Final = Path(__file__).parent / "migrations"

_LOCK: Final = 0x53686F7042656C6C
""""ShopBell" in ASCII: a number that no other program's advisory lock is likely to have."""
