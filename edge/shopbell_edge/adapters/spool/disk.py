"""The spool's file as such: its room, its schema, one owner, and what becomes of a broken one.

Owns: how the database is opened, checked, locked and set aside.
Never: events or batches; batches.py keeps those in it.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

SCHEMA_VERSION: Final = 1

SEAL_RESERVE_BYTES: Final = 256 * 1024
"""Sealing puts a batch (64 KiB) beside its events before it frees them; four times that."""

_PAGE_BYTES: Final = 4096

_BUSY_S: Final = 1.0
"""`shopbell-edge spool` reads for milliseconds; only a checkpoint ever waits for it."""

_OURS_ALONE: Final = 0o600
"""Tokens and pass codes lie in it, which whoever reads them may use. The unit's UMask says the same, but not
everybody uses the unit."""

_PRAGMAS: Final = f"""
PRAGMA page_size = {_PAGE_BYTES};
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
PRAGMA wal_autocheckpoint = 200;
PRAGMA journal_size_limit = 8388608;
"""
# FULL: with NORMAL a power cut loses the last commits, and these boxes are switched off at the wall.
# secure_delete: a deleted token is overwritten, not left behind in a free page.

_SCHEMA: Final = """
BEGIN IMMEDIATE;
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    urgent INTEGER NOT NULL,
    scan INTEGER NOT NULL,
    boot TEXT NOT NULL,
    boottime_ms INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL,
    state TEXT NOT NULL,
    err_ms INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX scans ON events (id) WHERE scan = 1;
CREATE TABLE sealed (
    id INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    seq INTEGER NOT NULL,
    boot TEXT NOT NULL,
    oldest_ms INTEGER,
    wall_ms INTEGER NOT NULL,
    events INTEGER NOT NULL,
    scans INTEGER NOT NULL,
    payload BLOB NOT NULL,
    UNIQUE (stream, seq)
) STRICT;
CREATE TABLE refused (
    id INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    seq INTEGER NOT NULL,
    position INTEGER,
    reason TEXT NOT NULL,
    payload BLOB NOT NULL
) STRICT;
CREATE TABLE spoke (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    stream TEXT NOT NULL,
    seq INTEGER NOT NULL
) STRICT;
CREATE TABLE dropped (reason TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT;
"""

_REASONS: Final = (
    "spool_coalesced",
    "spool_full",
    "spool_full_stay",
    "spool_full_scan",
    "spool_corrupt",
)
"""Why events are given up. Their rows exist from the start: counting them up then needs no room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much of the disk the spool may take."""

    total_bytes: int = 256 * 1024 * 1024
    """50 customers for 12 hours at 30 s and 180 bytes are 13 MB a day: more than two weeks."""
    wal_bytes: int = 8 * 1024 * 1024
    """Of the total, for the WAL, which max_page_count does not count."""
    ballast_bytes: int = 16 * 1024 * 1024
    """Beside the total, given up when others fill the disk: without room not even a delete works."""

    def __post_init__(self) -> None:
        if self.file_bytes < 4 * SEAL_RESERVE_BYTES:
            raise ValueError(
                f"a spool of {self.total_bytes} bytes, {self.wal_bytes} of them for its WAL, is too "
                f"small: leave at least {4 * SEAL_RESERVE_BYTES} bytes for its tables"
            )

    @property
    def file_bytes(self) -> int:
        """Return what is left for the tables."""
        return self.total_bytes - self.wal_bytes

    @property
    def event_bytes(self) -> int:
        """Return what of it may be filled: the rest is for sealing, without which nothing leaves."""
        return self.file_bytes - SEAL_RESERVE_BYTES


class SpoolBusyError(OSError):
    """Another process uses this spool. Two that shared one would send each other's events."""


class Disk:
    """An open, sound database in `db`, of this process alone until `close`."""

    def __init__(self, path: Path, room: Room, *, wall_ms: int) -> None:
        """Open or begin the spool at `path`; one that cannot be used is moved to `set_aside`.

        `wall_ms` goes into the name of a spool set aside. Raises SpoolBusyError if another process has
        it, OSError or sqlite3.OperationalError if the place cannot be written to.
        """
        # SQLite puts its WAL beside what a link leads to; so must everything else that belongs together.
        path = Path(os.path.realpath(path))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.set_aside: Path | None = None
        self._wal = path.with_name(path.name + "-wal")
        self._ballast = path.with_name(path.name + ".ballast")
        self._ballast_bytes = room.ballast_bytes
        self._lock = _lock(path)
        try:
            self.db = self._open_somehow(path, room, wall_ms)
            self.restore_ballast()
        except BaseException:
            self._lock.close()
            raise

    @property
    def full(self) -> bool:
        """Return whether the disk is full, so that the ballast had to go."""
        return self._ballast_bytes > 0 and not self._ballast.exists()

    def release_ballast(self) -> bool:
        """Make room on a full disk; return whether there was any to make."""
        if not self._ballast.exists():
            return False
        self._ballast.unlink()
        return True

    def restore_ballast(self) -> None:
        """Take the ballast on again once the disk has room for it twice."""
        if not self.full or _free_bytes(self._ballast.parent) < 2 * self._ballast_bytes:
            return
        # Whole or not at all: one that another process left half written is written again.
        part = self._ballast.with_name(self._ballast.name + ".part")
        with part.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, self._ballast_bytes)
        part.replace(self._ballast)

    def close(self) -> None:
        """Leave the file alone: the last checkpoint removes the WAL."""
        self.db.close()
        self._lock.close()

    def used_bytes(self) -> int:
        """Return what the tables take; free pages do not count."""
        (pages,) = self.db.execute("PRAGMA page_count").fetchone()
        (free,) = self.db.execute("PRAGMA freelist_count").fetchone()
        return int(pages - free) * _PAGE_BYTES

    def wal_bytes(self) -> int:
        """Return the length of the WAL."""
        return self._wal.stat().st_size if self._wal.exists() else 0

    def _open_somehow(self, path: Path, room: Room, wall_ms: int) -> sqlite3.Connection:
        try:
            return _open(path, room)
        except _UnusableError:
            self.set_aside = _move_aside(path, wall_ms)
        except sqlite3.OperationalError:
            # On a full disk SQLite cannot even begin a WAL, and says so in several ways.
            if _free_bytes(path.parent) >= SEAL_RESERVE_BYTES or not self.release_ballast():
                raise
        return _open(path, room)


class _UnusableError(Exception):
    """Not a spool that this program can read."""


def _free_bytes(folder: Path) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def _lock(path: Path) -> IO[bytes]:
    lock = os.fdopen(_private(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT), "ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise SpoolBusyError(
            f"another shopbell-edge uses the spool {path}: stop it, or give this one a spool of its own"
        ) from error
    return lock


def _private(path: Path, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, _OURS_ALONE)


def _open(path: Path, room: Room) -> sqlite3.Connection:
    _keep_private(path)
    db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
    try:
        _prepare(db, room)
    except sqlite3.DatabaseError as error:
        db.close()
        if isinstance(error, sqlite3.OperationalError):
            raise  # the place is to blame, not the file: no rights, no room, no such folder
        raise _UnusableError from error
    except BaseException:
        db.close()
        raise
    return db


def _keep_private(path: Path) -> None:
    """Begin the file as ours alone, or make it so; SQLite gives its WAL the same rights."""
    with suppress(
        OSError
    ):  # SQLite says best what is wrong with a place, and somebody else's file may do
        file = _private(path, os.O_RDWR | os.O_CREAT)
        try:
            os.fchmod(file, _OURS_ALONE)
        finally:
            os.close(file)


def _prepare(db: sqlite3.Connection, room: Room) -> None:
    db.executescript(_PRAGMAS)
    db.execute(f"PRAGMA max_page_count = {room.file_bytes // _PAGE_BYTES}")
    if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise _UnusableError
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if version == 0 and tables == 0:
        db.executescript(f"{_SCHEMA}PRAGMA user_version = {SCHEMA_VERSION};COMMIT;")
    elif version != SCHEMA_VERSION:
        raise _UnusableError
    known = {reason for (reason,) in db.execute("SELECT reason FROM dropped")}
    for reason in _REASONS:
        if reason not in known:  # a version that knew fewer began this spool
            db.execute("INSERT INTO dropped VALUES (?, 0)", (reason,))


def _move_aside(path: Path, wall_ms: int) -> Path:
    """Keep one broken spool, the newest: enough to look at, and no second place that fills the disk."""
    for old in path.parent.glob(f"{path.name}.bad-*"):
        old.unlink()
    aside = path.with_name(f"{path.name}.bad-{wall_ms}")
    for end in ("", "-wal", "-shm"):
        part = path.with_name(path.name + end)
        if part.exists():
            part.replace(aside.with_name(aside.name + end))
    return aside
