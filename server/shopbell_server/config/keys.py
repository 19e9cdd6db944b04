"""Settings of the store of keys. Owns: the table [keys], and what can be wrong with it."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from shopbell_program.loopback import is_loopback
from shopbell_program.settings import Fault
from shopbell_server.config.database import password_in
from shopbell_server.config.shapes import File

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_server.config.database import Database

DEFAULT_NAME = "keys.db"
"""Beside a database that is a file, and another file: they are backed up apart."""


class Vault(Struct, frozen=True, kw_only=True):
    """HashiCorp Vault or OpenBao: one key of its transit engine per owner."""

    url: Annotated[str, Meta(examples=["https://vault.example:8200"])]
    token_file: File
    """The token; read again when the server does not take the one it has. Vault's agent keeps it fresh."""
    mount: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*\Z")] = "transit"
    namespace: str | None = None
    ca_file: str | None = None
    """Whose certificates to believe; by default the system's authorities."""
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 5.0
    """As long as a unit of work waits for a lock."""


class Keys(Struct, frozen=True, kw_only=True):
    """Where the keys are that what is kept of people is sealed under. One of `file`, `url` and `vault`."""

    file: str | None = None
    """A file of its own on this machine. Without any of the three: `keys.db` in the folder of the database,
    if that is a file too."""
    url: str | None = None
    """`postgresql://user@host/name`: another database than [database], with backups of its own."""
    password_file: str | None = None
    vault: Vault | None = None


def faults_of_keys(keys: Keys, database: Database) -> Iterator[Fault]:
    """Yield what is wrong with the store, and that it is the database which it should protect."""
    given = [
        name
        for name, value in (("file", keys.file), ("url", keys.url), ("vault", keys.vault))
        if value is not None
    ]
    if len(given) > 1:
        yield Fault(
            key="keys", problem=f"give one of file, url and vault, not {' and '.join(given)}"
        )
    if keys.password_file is not None and keys.url is None:
        yield Fault(key="keys.password_file", problem="goes with keys.url")
    if keys.file is not None and not keys.file.startswith("/"):
        yield Fault(key="keys.file", problem="write the whole path, which begins with a slash")
    if keys.url is not None:
        yield from _faults_of_url(keys.url, database)
    elif keys.vault is not None:
        yield from _faults_of_vault(keys.vault)
    else:
        yield from _faults_of_file(keys.file, database)


def keys_url(keys: Keys, database: Database) -> str:
    """Return the address of a store in SQL: of the database, or of the file."""
    return keys.url or f"sqlite:///{keys.file or _default_file(database)}"


def _faults_of_url(url: str, database: Database) -> Iterator[Fault]:
    address = _address(url)
    if address is None:
        yield Fault(
            key="keys.url",
            problem='write "postgresql://user@host/name"; a file is given by keys.file',
        )
        return
    yield from password_in(urlsplit(url), "keys")
    if address == _address(database.url):
        yield Fault(key="keys.url", problem=_THE_SAME)


def _address(url: str) -> tuple[str, int, str, str] | None:
    """Return host, port, name and options of a PostgreSQL database, whoever asks; None: it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme.partition("+")[0] != "postgresql" or not parts.path.strip("/"):
        return None
    host = (parts.hostname or "").removesuffix(".")
    return host, port or _POSTGRESQL_PORT, parts.path.strip("/"), parts.query


def _faults_of_file(path: str | None, database: Database) -> Iterator[Fault]:
    sealed = _path(database)
    if sealed is None:
        if path is None and _address(database.url) is not None:
            yield Fault(
                key="keys",
                problem="missing; with PostgreSQL say where the keys are: keys.url or a table "
                "[keys.vault], or keys.file if there is one machine",
            )
    elif PurePath(path or _default_file(database)) == sealed:
        yield Fault(key="keys.file", problem=_THE_SAME)


def _default_file(database: Database) -> str:
    path = _path(database)
    if path is None:
        raise ValueError("only beside a database that is a file, keys have a place of their own")
    return str(path.with_name(DEFAULT_NAME))


def _path(database: Database) -> PurePath | None:
    """Return where the database is, if it is a file."""
    scheme, _, rest = database.url.partition(":///")
    return PurePath(rest) if scheme.startswith("sqlite") and rest else None


def _faults_of_vault(vault: Vault) -> Iterator[Fault]:
    try:
        parts = urlsplit(vault.url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in {"https", "http"} or not host or parts.path.strip("/") or parts.query:
        yield Fault(key="keys.vault.url", problem='write "https://host:8200" and no more')
    elif parts.scheme == "http" and not is_loopback(host):
        yield Fault(
            key="keys.vault.url",
            problem=f"{host} is not this machine, and nobody on the way may read: write https",
        )


_POSTGRESQL_PORT = 5432

_THE_SAME = (
    "this is the [database] itself: a backup of it would hold the keys of everybody who was erased since; "
    "name another one"
)
