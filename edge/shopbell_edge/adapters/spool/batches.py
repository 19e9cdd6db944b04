"""Events, sealed batches and refused ones in the spool's tables. For one thread.

Owns: what is read and written, and the share of the room that each kind of event may use.
Never: waits, or decides what goes together: `choose` in the core picks the rows of a batch.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from shopbell_edge.adapters.spool.commits import Commits
from shopbell_edge.adapters.spool.disk import SEAL_RESERVE_BYTES, Disk
from shopbell_edge.adapters.spool.refusals import once_each, set_aside
from shopbell_edge.adapters.spool.rows import row
from shopbell_edge.adapters.spool.shedding import Shedding
from shopbell_edge.core.batching import Unripe, Waiting, choose
from shopbell_edge.core.preface import Preface
from shopbell_edge.core.resend import Sealed
from shopbell_edge.core.units import Boottime
from shopbell_edge.ports import Depth
from shopbell_wire import codec
from shopbell_wire.messages import MAX_EVENTS, Batch, Clock, StreamStarted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from shopbell_edge.adapters.spool.disk import Room
    from shopbell_edge.adapters.spool.rows import Row
    from shopbell_edge.core.batching import BatchLimits, Chosen, Wanted
    from shopbell_edge.core.resend import Key
    from shopbell_wire.messages import Ack, Event

_TRUNCATE_BYTES: Final = 1024 * 1024
"""A longer WAL is emptied after an ack: it holds tokens that the tables have already forgotten. A shorter
one too, once nothing waits any more; while something does, that would be a sync for every ack."""


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
        self._before: dict[int, Row] = {}
        self._disk = Disk(path, room, wall_ms=clock.wall_ms)
        self._db = self._disk.db
        self._commits = Commits(self._disk)
        self._shedding = Shedding(self._disk)
        self.shed: Counter[str] = Counter()
        """Stored events that the last `append` gave up to make room, by reason."""
        if self.set_aside:
            self._commits.given_up["spool_corrupt"] = 1
        (self._rows_before,) = self._one("SELECT coalesce(max(id), 0) FROM events")
        previous, last_seq = self._one("SELECT max(stream), max(seq) FROM spoke")
        (undated,) = self._one("SELECT EXISTS (SELECT 1 FROM events WHERE state = 'unsynced')")
        self._preface = Preface(
            StreamStarted(previous=previous, previous_last_seq=last_seq, software=speaker.software),
            clock,
            undated=bool(undated),
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

        What of a group is to be stored now (`Shedding.sift`) is stored whole, or without its presence, or
        not at all. A report that a later one replaces is not given up.
        """
        share = self._disk.used_bytes() / self._room.event_bytes
        groups_sifted = [self._shedding.sift(group, share) for group in groups]
        self.shed = self._shed(sum(one.size_bytes for each in groups_sifted for one in each.wanted))
        room_bytes = self._room.file_bytes - self._disk.used_bytes()
        stored: list[Row] = []
        outcomes: list[int | None] = []
        for sifted in groups_sifted:
            kept = self._fitting(sifted.wanted, room_bytes)
            room_bytes -= sum(one.size_bytes for one in kept)
            stored += kept
            lost = len(sifted.dropped) + len(sifted.wanted) - len(kept)
            outcomes.append(None if lost and not kept else lost)
            self._give_up([*sifted.dropped, *sifted.wanted], kept)
            self._commits.given_up["spool_coalesced"] += sifted.coalesced
        try:
            with self._commits.one():
                self._insert(stored)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            # The disk itself is full, whatever our own share of it says. The ballast is for getting
            # rid of batches, which is the only way out; see `Commits.making_room`.
            self._give_up(stored, [])
            return [
                None if sifted.wanted else outcome
                for sifted, outcome in zip(groups_sifted, outcomes, strict=True)
            ]
        return outcomes

    def seal(self, wanted: Wanted, now: Clock) -> Sealed | Unripe:
        """Turn the next rows into a batch, in one commit."""
        waiting = self._waiting(wanted, now)
        chosen = choose(waiting, wanted if self._seq else "any", now, self._limits)
        if isinstance(chosen, Unripe):
            return chosen
        sealed = self._commits.making_room(lambda: self._seal(chosen))
        self._seq = sealed.seq
        self._preface.said(chosen.rows)
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
        gone = self._commits.making_room(lambda: self._settle(ack))
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
            "SELECT (SELECT count(*) FROM events), (SELECT coalesce(sum(events), 0) FROM sealed),"
            " coalesce((SELECT wall_ms FROM sealed ORDER BY id LIMIT 1),"
            " (SELECT wall_ms FROM events ORDER BY id LIMIT 1))"
        )
        return Depth(
            unsealed=unsealed,
            sealed=sealed,
            size_bytes=self._disk.used_bytes(),
            oldest_ms=oldest_ms,
        )

    def _shed(self, size_bytes: int) -> Counter[str]:
        """Make room for `size_bytes` in the tables; return what was given up for it."""
        room_bytes = self._room.file_bytes - self._disk.used_bytes()
        short_bytes = size_bytes + SEAL_RESERVE_BYTES - room_bytes
        if short_bytes <= 0:
            return Counter()
        try:
            with self._commits.one():
                return self._shedding.shed(short_bytes)
        except sqlite3.OperationalError as error:
            self._shedding.begin_again()
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            return Counter()  # of a disk that others have filled: no event of ours is in the way

    def _fitting(self, group: Sequence[Row], room_bytes: int) -> Sequence[Row]:
        """Return what of `group` there is room for: all, all but presence, or nothing."""
        size_bytes = sum(one.size_bytes for one in group)
        if room_bytes - size_bytes >= SEAL_RESERVE_BYTES and not self._disk.full:
            return group
        others = [one for one in group if not one.presence]
        size_bytes = sum(one.size_bytes for one in others)
        return others if room_bytes - size_bytes >= SEAL_RESERVE_BYTES else []

    def _give_up(self, group: Sequence[Row], kept: Sequence[Row]) -> None:
        lost = Counter(one.presence for one in group) - Counter(one.presence for one in kept)
        for presence, count in lost.items():
            self._commits.given_up["spool_full" if presence else "spool_full_scan"] += count

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

    def _waiting(self, wanted: Wanted, now: Clock) -> list[Waiting]:
        self._before = {
            place: row(event, clock) for place, (event, clock) in self._preface.left(now).items()
        }
        before = [
            Waiting(
                row=place,
                urgent=True,
                scan=False,
                size_bytes=len(each.body),
                clock=each.clock,
            )
            for place, each in self._before.items()
        ]
        if self._preface.alone(now):
            return before
        if self._seq == 0:
            own = self._rows("WHERE id > ? ORDER BY id LIMIT ?", self._rows_before, MAX_EVENTS)
            return [*before, *own]
        return [*before, *self._of_tables(wanted)]

    def _of_tables(self, wanted: Wanted) -> list[Waiting]:
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
        bodies = {place: each.body for place, each in self._before.items()}
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
        refused = once_each(ack.refused)
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
            set_aside(self._db, ack.stream, payload, refused[seq])
        return gone

    def _one(self, statement: str) -> tuple[Any, ...]:
        found: tuple[Any, ...] = self._db.execute(statement).fetchone()
        return found
