"""Spools on a disk, opened as a daemon opens them, and looked into from outside."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from shopbell_edge.adapters.spool.batches import Speaker
from shopbell_edge.adapters.spool.disk import Room
from shopbell_edge.adapters.spool.sqlite import SqliteSpool
from shopbell_edge.core.resend import Sealed
from shopbell_wire.messages import Ack

if TYPE_CHECKING:
    from pathlib import Path

    from shopbell_edge.core.batching import Wanted
    from tests.fakes.clock import FakeClock

STREAMS: Final = ["5" * 32, "6" * 32, "7" * 32]
SMALL: Final = Room(total_bytes=2 * 1024 * 1024, wal_bytes=512 * 1024, ballast_bytes=0)


def open_spool(
    folder: Path, clock: FakeClock, *, stream: int = 0, room: Room | None = None
) -> SqliteSpool:
    """Return the spool in `folder` for a process that speaks in one of STREAMS."""
    speaker = Speaker(edge="edge-1", stream=STREAMS[stream], software="test")
    return SqliteSpool(folder / "spool.db", speaker, clock.now(), room=room)


async def sealed(spool: SqliteSpool, clock: FakeClock, wanted: Wanted = "live") -> Sealed:
    """Seal what waits; there must be some."""
    made = await spool.seal(wanted, clock.now())
    assert isinstance(made, Sealed)
    return made


def committed(made: Sealed) -> Ack:
    """Return the server's word that it has `made` and all before it."""
    return Ack(stream=made.stream, committed=((1, made.seq),), refused=(), server_ms=0)


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Return what the file at `path` answers."""
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()


def execute(path: Path, statement: str) -> None:
    """Change the file at `path` behind the spool's back."""
    with closing(sqlite3.connect(path)) as db:
        db.execute(statement)
        db.commit()


def set_aside(folder: Path) -> list[str]:
    """Return the names of the spools that could not be used."""
    return [path.name for path in folder.glob("*.bad-*")]


def mentions(folder: Path, what: bytes) -> bool:
    """Return whether `what` stands in any file of `folder`."""
    return any(what in path.read_bytes() for path in folder.iterdir())
