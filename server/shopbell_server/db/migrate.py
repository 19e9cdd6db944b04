"""Bringing the tables of a database to what this version of the program needs.

Owns: which revision a database is at, and getting from one to another, whole or not at all.
Never: what a revision changes (`migrations/versions`).

Alembic is loaded where there is something to do: every start asks which revision the tables are at, and
one in a hundred has to change them.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect, text
from sqlalchemy.exc import SQLAlchemyError

from shopbell_server.db.engine import open_engine, writing
from shopbell_server.db.failures import in_our_words
from shopbell_server.db.row_security import bypassed, hold, let_go, require_told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alembic.config import Config
    from sqlalchemy.engine import Connection

    from shopbell_server.core.ids import TenantId
    from shopbell_server.ports.boxes import Boxes

    BoxesOf = Callable[[TenantId], Boxes]

NEWEST: Final = "0023"
"""The revision that this version of the program needs: the head of `migrations/versions`."""


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


def require_newest(url: str, password: str | None = None, *, tenant: str | None = None) -> None:
    """Raise DatabaseTooOldError or DatabaseTooNewError unless the tables are those of this version.

    Raises TenantNotToldError if connections of `tenant` do not arrive with it.
    """
    with _connection(url, password, tenant) as connection:
        _compare(_revision(connection))
        if tenant is not None:
            require_told(connection, tenant)


def unguarded(url: str, password: str | None = None) -> str | None:
    """Return why the database does not keep tenants apart by itself, and what to do; None if it does.

    Raises DatabaseLostError, DatabaseAddressError.
    """
    with _connection(url, password) as connection:
        return bypassed(connection)


def upgrade(url: str, password: str | None = None, *, boxes_of: BoxesOf | None = None) -> str:
    """Bring the database to the newest revision, and return which that is.

    All in one transaction: it either happened or did not. Of two that try at once one waits, and then
    finds nothing to do. `boxes_of` seals what stands there in clear, from before it was sealed; afterwards
    its tables are written anew, so that no old page has it. Raises DatabaseTooNewError, DatabaseLostError,
    DatabaseBusyError.
    """
    before = None
    with _connection(url, password) as connection:
        try:
            before = _revision(connection)
            _compare(before)
        except DatabaseTooOldError:
            from alembic import command  # noqa: PLC0415  # as said above

            let_go(connection)
            command.upgrade(_config(connection, boxes_of), NEWEST)
            hold(connection)
    if before is not None and before < _SEALED:
        _write_anew(url, password)
    return NEWEST


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
def _connection(url: str, password: str | None, tenant: str | None = None) -> Iterator[Connection]:
    """Yield a connection in one transaction that nobody else migrates in."""
    engine = open_engine(url, password, tenant=tenant)
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


def _write_anew(url: str, password: str | None) -> None:
    """Leave nothing on the pages of the database of what stood there in clear; all wait meanwhile."""
    engine = open_engine(url, password)
    try:
        with closing(engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
            if engine.dialect.name == "sqlite":
                cursor.execute("VACUUM")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                cursor.fetchall()
                return
            # The driver's own: VACUUM works in no transaction.
            connection.driver_connection.autocommit = True  # type: ignore[union-attr]
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("SET lock_timeout = 0")
            cursor.execute(f"VACUUM (FULL) {', '.join(_WITH_SEALED)}")
    except SQLAlchemyError as error:
        raise in_our_words(error) from None
    finally:
        engine.dispose()


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

_WITH_SEALED: Final = ("profiles", "enrolments", "cards", "facts", "day_keys")

_MIGRATIONS: Final = Path(__file__).parent / "migrations"

_LOCK: Final = 0x53686F7042656C6C
""""ShopBell" in ASCII: a number that no other program's advisory lock is likely to have."""
