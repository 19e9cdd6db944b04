"""Settings of the database. Owns: the table [database], and what can be wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct

from shopbell_program.settings import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from urllib.parse import SplitResult


class Database(Struct, frozen=True, kw_only=True):
    """Where everything is kept."""

    url: str = "sqlite:////var/lib/shopbell-server/shopbell.db"
    """`sqlite:///path` for one store, `postgresql://user@host/name` beyond."""
    password_file: str | None = None
    """PostgreSQL's password, if it wants one."""


def faults_of_database(database: Database) -> Iterator[Fault]:
    """Yield what is wrong with the address; what is behind it only shows when it is used."""
    try:
        parts = urlsplit(database.url)
    except ValueError:
        parts = urlsplit("")
    kind = parts.scheme.partition("+")[0]
    yield from password_in(parts, "database")
    # Two slashes and a name would be a host, which SQLite has not.
    nowhere = kind == "sqlite" and not database.url.partition("://")[2].startswith("/")
    if kind not in {"sqlite", "postgresql"} or nowhere:
        yield Fault(
            key="database.url",
            problem='write "sqlite:////path/to/file.db", with four slashes, '
            'or "postgresql://user@host/name"',
        )


def password_in(url: SplitResult, table: str) -> Iterator[Fault]:
    """Yield that the address of a database in `table` holds a password."""
    if url.password is not None or "password" in parse_qs(url.query, keep_blank_values=True):
        yield Fault(
            key=f"{table}.url",
            problem="must not hold a password: settings are shown, copied and backed up. Write it into a "
            f"file that only the server may read, and name that in {table}.password_file",
        )
