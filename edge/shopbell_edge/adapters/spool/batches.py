"""Events, sealed batches and refused ones in the spool's tables. For one thread.

Owns: every statement, and the share of the room that each kind of event may use.
Never: waits, or decides what goes together: `choose` in the core picks the rows of a batch.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import msgspec

from shopbell_edge.adapters.spool.disk import SEAL_RESERVE_BYTES, Disk
from shopbell_edge.adapters.spool.rows import row
from shopbell_edge.core.batching import Unripe, Waiting, choose
from shopbell_edge.core.resend import Sealed
from shopbell_edge.core.units import Boottime
from shopbell_edge.ports import Depth
from shopbell_wire import codec
from shopbell_wire.messages import MAX_EVENTS, Batch, Clock, StreamStarted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from shopbell_edge.adapters.spool.disk import Room
    from shopbell_edge.adapters.spool.rows import Row
    from shopbell_edge.core.batching import BatchLimits, Chosen, Wanted
    from shopbell_edge.core.resend import Key
    from shopbell_wire.messages import Ack, Event, Refused

_T = TypeVar("_T")

MAX_REFUSED: Final = 100
"""Refused batches kept for a person to look at: 100 x 60 KiB = 6 MB at worst."""

_TRUNCATE_BYTES: Final = 1024 * 1024
"""A longer WAL is emptied after an ack: it holds tokens that the tables have already forgotten. A shorter
one too, once nothing waits any more; while something does, that would be a sync for every ack."""

_LEAD: Final = 0
"""The row of `stream_started`, which waits in memory: a stream that never spoke needs no trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Who fills the batches; `stream` is random per process start."""

    edge: str
    stream: str
    software: str


class Batches:
    """One stream's view of the tables. What a method writes is committed when it returns."""

    def __init__(
        self, path: Path, speaker: Speaker, clock: Clock, *, room: Room, limits: BatchLimits
    ) -> None:
        """Open or begin the spool at `path` as Disk does, and a stream in it."""
        self._speaker = speaker
        self._room = room
        self._limits = limits
        self._seq = 0
        self._uncounted: Counter[str] = Counter()
        self._disk = Disk(path, room, wall_ms=clock.wall_ms)
        self._db = self._disk.db
        if self.set_aside:
            self._uncounted["spool_corrupt"] = 1
        (self._rows_before,) = self._one("SELECT coalesce(max(id), 0) FROM events")
        previous, last_seq = self._one("SELECT max(stream), max(seq) FROM spoke")
        self._lead = row(
            StreamStarted(previous=previous, previous_last_seq=last_seq, software=speaker.software),
            clock,
        )

    @property
    def set_aside(self) -> Path | None:
        """Return where a spool that could not be used lies now."""
        return self._disk.set_aside

    def close(self) -> None:
        """Close the file and let others have it."""
        self._disk.close()

    def append(self, groups: Sequence[Sequence[Row]]) -> list[int | None]:
        """Store `groups` in one commit; return for each how many rows were given up, None for all.

        A group is stored whole, or without its presence, or not at all.
        """
        room_bytes = self._room.file_bytes - self._disk.used_bytes()
        stored: list[Row] = []
        outcomes: list[int | None] = []
        for group in groups:
            kept = self._fitting(group, room_bytes)
            room_bytes -= sum(one.size_bytes for one in kept)
            stored += kept
            outcomes.append(None if group and not kept else len(group) - len(kept))
            self._give_up(group, kept)
        try:
            with self._transaction():
                self._insert(stored)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            # The disk itself is full, whatever our own share of it says. The ballast is for getting
            # rid of batches, which is the only way out; see _making_room.
            self._give_up(stored, [])
            return [None if group else 0 for group in groups]
        return outcomes

    def seal(self, wanted: Wanted, now: Clock) -> Sealed | Unripe:
        """Turn the next rows into a batch, in one commit."""
        chosen = choose(self._waiting(wanted), wanted if self._seq else "any", now, self._limits)
        if isinstance(chosen, Unripe):
            return chosen
        sealed = self._making_room(lambda: self._seal(chosen))
        self._seq = sealed.seq
        return sealed

    def unacknowledged(self, boot: str) -> list[Sealed]:
        """Return the sealed batches, oldest first, as they look from `boot`."""
        rows = self._db.execute(
            "SELECT stream, seq, payload, events, scans, iif(boot = ?, oldest_ms, NULL)"
            " FROM sealed ORDER BY id",
            (boot,),
        )
        return [
            Sealed(
                stream=stream,
                seq=seq,
                payload=payload,
                events=events,
                scans=bool(scans),
                oldest=None if oldest_ms is None else Boottime(oldest_ms),
            )
            for stream, seq, payload, events, scans, oldest_ms in rows
        ]

    def settle(self, ack: Ack) -> list[Key]:
        """Delete what is committed, set aside what is refused; return the batches that are gone.

        A batch of which single events were refused is gone as well: the server has the others.
        """
        gone = self._making_room(lambda: self._settle(ack))
        self._disk.restore_ballast()
        wal_bytes = self._disk.wal_bytes()
        if wal_bytes >= _TRUNCATE_BYTES or (wal_bytes and self._is_empty()):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return gone

    def _is_empty(self) -> bool:
        """Return whether nothing waits: then nothing of anybody shall be left in the file."""
        (waits,) = self._one(
            "SELECT EXISTS (SELECT 1 FROM events) OR EXISTS (SELECT 1 FROM sealed)"
        )
        return not waits

    def depth(self) -> Depth:
        """Return how much is waiting."""
        unsealed, sealed, oldest_ms = self._one(
            "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM sealed),"
            " coalesce((SELECT wall_ms FROM sealed ORDER BY id LIMIT 1),"
            " (SELECT wall_ms FROM events ORDER BY id LIMIT 1))"
        )
        return Depth(
            unsealed=unsealed,
            sealed=sealed,
            size_bytes=self._disk.used_bytes(),
            oldest_ms=oldest_ms,
        )

    def _fitting(self, group: Sequence[Row], room_bytes: int) -> Sequence[Row]:
        """Return what of `group` there is room for: all, all but presence, or nothing."""
        size_bytes = sum(one.size_bytes for one in group)
        if room_bytes - size_bytes >= self._room.presence_reserve_bytes and not self._disk.full:
            return group
        others = [one for one in group if not one.presence]
        size_bytes = sum(one.size_bytes for one in others)
        return others if room_bytes - size_bytes >= SEAL_RESERVE_BYTES else []

    def _give_up(self, group: Sequence[Row], kept: Sequence[Row]) -> None:
        lost = Counter(one.presence for one in group) - Counter(one.presence for one in kept)
        for presence, count in lost.items():
            self._uncounted["spool_full" if presence else "spool_full_scan"] += count

    def _insert(self, rows: Sequence[Row]) -> None:
        self._db.executemany(
            "INSERT INTO events (urgent, scan, boot, boottime_ms, wall_ms, state, err_ms, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    one.urgent,
                    one.scan,
                    one.clock.boot,
                    one.clock.boottime_ms,
                    one.clock.wall_ms,
                    one.clock.state,
                    one.clock.err_ms,
                    one.body,
                )
                for one in rows
            ),
        )

    def _waiting(self, wanted: Wanted) -> list[Waiting]:
        if self._seq == 0:
            lead = Waiting(
                row=_LEAD,
                urgent=True,
                scan=False,
                size_bytes=len(self._lead.body),
                clock=self._lead.clock,
            )
            own = self._rows("WHERE id > ? ORDER BY id LIMIT ?", self._rows_before, MAX_EVENTS)
            return [lead, *own]
        match wanted:
            case "scans":
                return self._rows("WHERE scan = 1 ORDER BY id LIMIT ?", MAX_EVENTS)
            case "live":
                # What is live stands at the end, behind however long a backlog.
                return self._rows("ORDER BY id DESC LIMIT ?", MAX_EVENTS)[::-1]
            case "backlog" | "any":
                return self._rows("ORDER BY id LIMIT ?", MAX_EVENTS)

    def _rows(self, which: str, *values: int) -> list[Waiting]:
        rows = self._db.execute(
            # `which` is written out by the callers above.
            "SELECT id, urgent, scan, length(body), boot, boottime_ms, wall_ms, state, err_ms"  # noqa: S608
            f" FROM events {which}",
            values,
        )
        return [
            Waiting(
                row=place,
                urgent=bool(hurry),
                scan=bool(scan),
                size_bytes=size_bytes,
                clock=Clock(
                    boot=boot, boottime_ms=boottime_ms, wall_ms=wall_ms, state=state, err_ms=err_ms
                ),
            )
            for place, hurry, scan, size_bytes, boot, boottime_ms, wall_ms, state, err_ms in rows
        ]

    def _seal(self, chosen: Chosen) -> Sealed:
        bodies = self._take(chosen.rows)
        dropped = self._db.execute("SELECT reason, count FROM dropped WHERE count > 0").fetchall()
        self._db.execute("UPDATE dropped SET count = 0 WHERE count > 0")
        batch = Batch(
            edge=self._speaker.edge,
            stream=self._speaker.stream,
            seq=self._seq + 1,
            clock=chosen.clock,
            dropped=dict(dropped),
            # Bytes that `row` encoded from events; a version that knew other ones may have done so.
            events=cast("tuple[Event, ...]", tuple(msgspec.Raw(body) for body in bodies)),
        )
        sealed = Sealed(
            stream=batch.stream,
            seq=batch.seq,
            payload=codec.encode(batch),
            events=len(bodies),
            scans=chosen.scans,
            oldest=chosen.oldest,
        )
        self._db.execute(
            "INSERT INTO sealed (stream, seq, boot, oldest_ms, wall_ms, events, scans, payload)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *sealed.key,
                chosen.clock.boot,
                sealed.oldest,
                chosen.clock.wall_ms,
                sealed.events,
                sealed.scans,
                sealed.payload,
            ),
        )
        self._db.execute("INSERT OR REPLACE INTO spoke VALUES (1, ?, ?)", sealed.key)
        return sealed

    def _take(self, places: Sequence[int]) -> list[bytes]:
        bodies: dict[int, bytes] = {_LEAD: self._lead.body}
        marks = ",".join("?" * len(places))
        bodies.update(
            self._db.execute(
                f"DELETE FROM events WHERE id IN ({marks}) RETURNING id, body",  # noqa: S608  # marks only
                places,
            ).fetchall()
        )
        return [bodies[place] for place in places]

    def _settle(self, ack: Ack) -> list[Key]:
        answered = (*ack.committed, *((one.seq, one.seq) for one in ack.refused))
        refused = _once_each(ack.refused)
        payloads: dict[int, bytes] = {}
        gone: list[Key] = []
        for first, last in answered:
            deleted = self._db.execute(
                "DELETE FROM sealed WHERE stream = ? AND seq BETWEEN ? AND ? RETURNING seq, payload",
                (ack.stream, first, last),
            )
            for seq, payload in deleted.fetchall():
                gone.append((ack.stream, seq))
                if seq in refused:
                    payloads[seq] = payload
        # Once all of them are deleted, so that there is room for it in a full spool too.
        for seq, payload in payloads.items():
            self._set_aside(ack.stream, payload, refused[seq])
        return gone

    def _set_aside(self, stream: str, payload: bytes, refused: Sequence[Refused]) -> None:
        self._db.executemany(
            "INSERT INTO refused (stream, seq, position, reason, payload) VALUES (?, ?, ?, ?, ?)",
            (
                (stream, one.seq, one.index, one.reason, part)
                for one, part in zip(refused, _parts(payload, refused), strict=True)
            ),
        )
        self._db.execute(
            "DELETE FROM refused WHERE id <= (SELECT max(id) FROM refused) - ?", (MAX_REFUSED,)
        )

    def _one(self, statement: str) -> tuple[Any, ...]:
        found: tuple[Any, ...] = self._db.execute(statement).fetchone()
        return found

    def _making_room(self, work: Callable[[], _T]) -> _T:
        """Do `work` in one commit, with the ballast's room if the disk has none left."""
        try:
            with self._transaction():
                return work()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL or not self._disk.release_ballast():
                raise
        with self._transaction():
            return work()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Commit at the end, with whatever was given up counted in the same commit."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            counted = self._uncounted.copy()
            self._db.executemany(
                "UPDATE dropped SET count = count + ? WHERE reason = ?",
                [(count, reason) for reason, count in counted.items()],
            )
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._uncounted -= counted


def _once_each(refused: Sequence[Refused]) -> dict[int, list[Refused]]:
    """Return by batch what is refused of it: the batch, or each of its events once."""
    found: dict[int, dict[int | None, Refused]] = {}
    for one in refused:
        found.setdefault(one.seq, {}).setdefault(one.index, one)
    return {seq: [of[None]] if None in of else list(of.values()) for seq, of in found.items()}


class _Events(msgspec.Struct):
    events: list[msgspec.Raw]


def _parts(payload: bytes, refused: Sequence[Refused]) -> list[bytes]:
    """Return what each refusal is about: an event, or (once) all of it where the server names none.

    Together they are no longer than twice `payload`, whatever the server says.
    """
    events = msgspec.json.decode(payload, type=_Events).events
    parts: list[bytes] = []
    whole = payload
    for one in refused:
        if one.index is not None and one.index < len(events):
            parts.append(bytes(events[one.index]))
        else:
            parts.append(whole)
            whole = b""
    return parts
