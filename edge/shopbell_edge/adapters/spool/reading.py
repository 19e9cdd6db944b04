"""A look into a spool from outside, while the daemon uses it or not.

Owns: reading. The connection is read-only, and short: a reader keeps the WAL from being emptied.
Never: writes, or shows what an event says: tokens stay where they are.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


class NoSpoolError(OSError):
    """There is no spool at that place, or none that can be read now."""


class UnusableSpoolError(NoSpoolError):
    """What is at that place is no spool of this version: asking again will not help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What is in a spool; times are wall milliseconds by the edge's clock, None where nothing waits."""

    events: int
    scans: int
    batches: int
    batch_events: int
    refused: int
    oldest_ms: int | None
    size_bytes: int
    dropped: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedBatch:
    """A batch that the server will not take, kept for a person to look at."""

    stream: str
    seq: int
    index: int | None
    reason: str
    size_bytes: int


def waiting(path: Path) -> Waiting:
    """Return what is in the spool at `path`; NoSpoolError if there is none."""
    with closing(_open(path)) as db:
        try:
            events, scans, oldest_event = db.execute(
                "SELECT count(*), coalesce(sum(scan), 0), min(wall_ms) FROM events"
            ).fetchone()
            batches, batch_events, oldest_batch = db.execute(
                "SELECT count(*), coalesce(sum(events), 0), min(wall_ms) FROM sealed"
            ).fetchone()
            (refused_count,) = db.execute("SELECT count(*) FROM refused").fetchone()
            dropped = dict(
                db.execute("SELECT reason, count FROM dropped WHERE count > 0").fetchall()
            )
        except sqlite3.DatabaseError as error:
            raise _unusable(path, error) from error
    ages = [each for each in (oldest_event, oldest_batch) if each is not None]
    real = Path(os.path.realpath(path))
    wal = real.with_name(real.name + "-wal")
    return Waiting(
        events=events,
        scans=scans,
        batches=batches,
        batch_events=batch_events,
        refused=refused_count,
        oldest_ms=min(ages, default=None),
        size_bytes=path.stat().st_size + (wal.stat().st_size if wal.exists() else 0),
        dropped=dropped,
    )


def refused(path: Path) -> list[RefusedBatch]:
    """Return the refused batches in the spool at `path`, oldest first; NoSpoolError if there is none."""
    with closing(_open(path)) as db:
        try:
            rows = db.execute(
                "SELECT stream, seq, position, reason, length(payload) FROM refused ORDER BY id"
            ).fetchall()
        except sqlite3.DatabaseError as error:
            raise _unusable(path, error) from error
    return [
        RefusedBatch(stream=stream, seq=seq, index=index, reason=reason, size_bytes=size)
        for stream, seq, index, reason, size in rows
    ]


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.open("rb").close()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise NoSpoolError(
            f"there is no spool at {path}; has `shopbell-edge run` been started?"
        ) from error
    except OSError as error:
        raise NoSpoolError(
            f"{path}: {error.strerror}; ask as the user that runs the daemon"
        ) from error
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=2)


def _unusable(path: Path, error: sqlite3.DatabaseError) -> NoSpoolError:
    if error.sqlite_errorcode in {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_BUSY,
    }:
        return NoSpoolError(f"{path}: {error}; ask as the user that runs the daemon, or again")
    return UnusableSpoolError(
        f"{path} is no spool of this version, or broken: the daemon sets it aside when it starts, and "
        "begins a new one"
    )
