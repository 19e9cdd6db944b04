"""A look at the place of a spool: who uses it, what is in it, and how well its disk writes.

Owns: the probes. They leave nothing behind, and nothing that the daemon has is opened for writing.
Never: opens a spool as the daemon does, which would set a broken one aside.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shopbell_edge.adapters.spool.reading import NoSpoolError, UnusableSpoolError, waiting
from shopbell_edge.core.doctor.keeping import Disk, SpoolSeen

if TYPE_CHECKING:
    from typing import Literal

WRITES: Final = 10
"""Enough for a middle; on the slowest card that still works they take five seconds."""

BLOCK: Final = bytes(4096)

_PROBLEMS: Final[dict[int, Literal["absent", "denied", "read_only", "full", "broken"]]] = {
    errno.ENOENT: "absent",
    errno.ENOTDIR: "absent",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.EROFS: "read_only",
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
}

_CARDS: Final = ("mmcblk",)
"""How the kernel calls what is soldered or put into a slot."""


def in_use(path: Path) -> bool:
    """Return whether a daemon has the spool at `path`."""
    real = Path(os.path.realpath(path))
    try:
        lock = real.with_name(real.name + ".lock").open("rb")
    except OSError:
        return False
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def seen(path: Path, now_ms: int) -> SpoolSeen:
    """Return what is in the spool at `path`, whether the daemon uses it or not."""
    real = Path(os.path.realpath(path))
    try:
        # The spool alone: its WAL was set aside beside it.
        aside = sum(each.suffix[5:].isdecimal() for each in real.parent.glob(f"{real.name}.bad-*"))
        if not real.exists():
            return SpoolSeen(there=False, set_aside=aside)
        found = waiting(path)
        sound = _sound(real)
    except UnusableSpoolError:
        return SpoolSeen(sound=False)
    except NoSpoolError as error:
        return SpoolSeen(problem=str(error))
    except OSError as error:
        return SpoolSeen(problem=f"{path}: {error.strerror or error}")
    return SpoolSeen(
        sound=sound,
        set_aside=aside,
        waiting=found.events + found.batch_events,
        refused=found.refused,
        oldest_ms=None if found.oldest_ms is None else now_ms - found.oldest_ms,
        used_bytes=found.size_bytes,
    )


def disk(path: Path, medium: str) -> Disk:
    """Return what the disk under `path`, on the block device `medium`, can do."""
    folder = Path(os.path.realpath(path)).parent
    try:
        room = os.statvfs(folder)
        synced_ms = _writes(folder)
    except OSError as error:
        return Disk(folder=str(folder), problem=_PROBLEMS.get(error.errno or 0, "broken"))
    return Disk(
        folder=str(folder),
        problem="",
        free_bytes=room.f_bavail * room.f_frsize,
        card=medium.startswith(_CARDS),
        synced_ms=synced_ms,
    )


def used_bytes(path: Path) -> int:
    """Return what the spool at `path` takes of the disk, all that belongs to it."""
    real = Path(os.path.realpath(path))
    files = [real, *real.parent.glob(f"{real.name}[-.]*")] if real.parent.is_dir() else []
    return sum(each.stat().st_size for each in files if each.is_file() and ".bad-" not in each.name)


def _writes(folder: Path) -> tuple[float, ...]:
    # A file without a name: whatever happens, nothing is left.
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        took_ms = []
        for _ in range(WRITES):
            began = time.monotonic_ns()
            file.write(BLOCK)
            os.fdatasync(file.fileno())
            took_ms.append((time.monotonic_ns() - began) / 1e6)
    return tuple(took_ms)


def _sound(path: Path) -> bool:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=2)) as db:
        try:
            return bool(db.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
        except sqlite3.OperationalError as error:
            raise NoSpoolError(
                f"{path}: {error}; ask as the user that runs the daemon, or again"
            ) from error
        except sqlite3.DatabaseError:
            return False
