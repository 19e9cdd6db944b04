"""What an edge's spool accepted and sealed, over all lives of the edge.

The spool keeps the record itself: triggers in its own file write down every event with the commit that
made it durable, and every batch with the commit that sealed it. No moment of a crash lies between.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from shopbell_edge.adapters.spool.disk import Disk, Room

if TYPE_CHECKING:
    from pathlib import Path

_RECORD: Final = """
CREATE TABLE record_accepted (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TRIGGER record_accepted AFTER INSERT ON events
BEGIN INSERT INTO record_accepted (body) VALUES (new.body); END;
CREATE TABLE record_sealed (id INTEGER PRIMARY KEY, stream TEXT, seq INTEGER, payload BLOB);
CREATE TRIGGER record_sealed AFTER INSERT ON sealed
BEGIN INSERT INTO record_sealed (stream, seq, payload)
VALUES (new.stream, new.seq, new.payload); END;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedBatch:
    """A batch as it was sealed, once and for ever."""

    stream: str
    seq: int
    payload: bytes

    @property
    def bodies(self) -> list[bytes]:
        """The events as they stand in it."""
        return [bytes(each) for each in msgspec.json.decode(self.payload, type=_Events).events]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolRecord:
    """`accepted` and `sealed` are everything there ever was, the others what is there now."""

    accepted: tuple[bytes, ...]
    sealed: tuple[SealedBatch, ...]
    unsealed: int
    unanswered: int
    refused: tuple[str, ...]
    dropped: Counter[str]


def prepare(path: Path) -> None:
    """Begin a spool that keeps a record."""
    disk = Disk(path, Room(), wall_ms=time.time_ns() // 1_000_000)
    try:
        disk.db.executescript(_RECORD)
    finally:
        disk.close()


def accepted(path: Path) -> int:
    """Return how many events the spool ever accepted."""
    with closing(_open(path)) as db:
        (number,) = db.execute("SELECT coalesce(max(id), 0) FROM record_accepted").fetchone()
    return int(number)


def is_quiet(path: Path) -> bool:
    """Return whether nobody is here any more and the server has answered for everything.

    Stays that a crash ended have no end in the record. A process says first that it hears, so what is
    written after the last such word is of the process that runs.
    """
    with closing(_open(path)) as db:
        db.execute("BEGIN")
        (left,) = db.execute(
            "SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM sealed)"
        ).fetchone()
        if left:
            return False
        here: set[tuple[str, int]] = set()
        for (body,) in db.execute("SELECT body FROM record_accepted ORDER BY id"):
            event = msgspec.json.decode(body)
            if event["type"] == "scanner_health":
                here.clear()
            elif event["type"] == "presence":
                stay = (event["token"], event["first_ms"])
                (here.discard if event["phase"] == "left" else here.add)(stay)
    return not here


def read(path: Path) -> SpoolRecord:
    """Return the whole record, as of one moment."""
    with closing(_open(path)) as db:
        db.execute("BEGIN")
        (unsealed,) = db.execute("SELECT count(*) FROM events").fetchone()
        (unanswered,) = db.execute("SELECT count(*) FROM sealed").fetchone()
        return SpoolRecord(
            accepted=tuple(
                body for (body,) in db.execute("SELECT body FROM record_accepted ORDER BY id")
            ),
            sealed=tuple(
                SealedBatch(stream=stream, seq=seq, payload=payload)
                for stream, seq, payload in db.execute(
                    "SELECT stream, seq, payload FROM record_sealed ORDER BY id"
                )
            ),
            unsealed=unsealed,
            unanswered=unanswered,
            refused=tuple(why for (why,) in db.execute("SELECT reason FROM refused ORDER BY id")),
            dropped=Counter(dict(db.execute("SELECT reason, count FROM dropped WHERE count > 0"))),
        )


class _Events(msgspec.Struct):
    events: list[msgspec.Raw]


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10, isolation_level=None)
