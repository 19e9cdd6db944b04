"""Bringing the tables of a database to what this version of the program needs.

Owns: which revision a database is at, and getting from one to another, whole or not at all.
Never: what a revision changes (`migrations/versions`).
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shopbell_server.db.engine import open_engine, writing
from shopbell_server.db.failures import in_our_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection


class DatabaseTooNewError(RuntimeError):
    """A newer version of the program has changed the tables. Upgrade the program, or restore a backup."""


class DatabaseTooOldError(RuntimeError):
    """The tables are older than the program. Run `shopbell-server migrate`."""


def newest() -> str:
    """Return the revision that this version of the program needs."""
    head = _scripts().get_current_head()
    if head is None:  # pragma: no cover  (the package would be without its revisions)
        raise RuntimeError("this installation has no revisions of the database")
    return head


def current(url: str, password: str | None = None) -> str | None:
    """Return the revision that the database is at; None if it has no tables of ours.

    Raises DatabaseLostError, DatabaseAddressError.
    """
    with _connection(url, password) as connection:
        return _revision(connection)


def require_newest(url: str, password: str | None = None) -> None:
    """Raise DatabaseTooOldError or DatabaseTooNewError unless the tables are those of this version."""
    _compare(current(url, password))


def upgrade(url: str, password: str | None = None) -> str:
    """Bring the database to the newest revision, and return which that is.

    All in one transaction: it either happened or did not. Of two that try at once one waits, and then
    finds nothing to do. Raises DatabaseTooNewError, DatabaseLostError, DatabaseBusyError.
    """
    with _connection(url, password) as connection:
        try:
            _compare(_revision(connection))
        except DatabaseTooOldError:
            command.upgrade(_config(connection), "head")
    return newest()


def downgrade(url: str, revision: str, password: str | None = None) -> None:
    """Take the database back to `revision`, or to "base": without tables. Rows are lost by it."""
    with _connection(url, password) as connection:
        command.downgrade(_config(connection), revision)


def _compare(revision: str | None) -> None:
    if revision is None:
        raise DatabaseTooOldError("the database has no tables yet: run `shopbell-server migrate`")
    if revision == newest():
        return
    if revision in {each.revision for each in _scripts().walk_revisions()}:
        raise DatabaseTooOldError(
            f"the database is at revision {revision}, this program needs {newest()}: "
            "run `shopbell-server migrate`"
        )
    raise DatabaseTooNewError(
        f"the database is at revision {revision}, which this program does not know "
        f"(its newest is {newest()}): install the version that made it, or restore a backup"
    )


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _connection(url: str, password: str | None) -> Iterator[Connection]:
    """Yield a connection in one transaction that nobody else migrates in."""
    engine = open_engine(url, password)
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


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(None))


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    return config


_MIGRATIONS: Final = Path(__file__).parent / "migrations"

_LOCK: Final = 0x53686F7042656C6C
""""ShopBell" in ASCII: a number that no other program's advisory lock is likely to have."""
