"""A spool without a disk, held to the contract tests of the real one."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from shopbell_edge.core.batching import (
    BatchLimits,
    Unripe,
    Waiting,
    choose,
    is_scan,
    urgent,
)
from shopbell_edge.core.preface import Preface
from shopbell_edge.core.resend import Sealed
from shopbell_edge.ports import Depth, SpoolFullError
from shopbell_wire import codec
from shopbell_wire.messages import Batch, Presence, StreamStarted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_edge.core.batching import Wanted
    from shopbell_edge.core.resend import Key
    from shopbell_wire.messages import Ack, Clock, Event, Refused


class MemorySpool:
    """`room` events at most; presence may use three quarters of them."""

    def __init__(
        self,
        clock: Clock,
        *,
        edge: str = "edge-1",
        stream: str = "0" * 32,
        software: str = "test",
        room: int = 10_000,
        limits: BatchLimits | None = None,
    ) -> None:
        self.events: dict[int, tuple[Event, Clock]] = {}
        self.sealed: dict[Key, Sealed] = {}
        self._sealed_wall_ms: dict[Key, int] = {}
        self.refused: list[Refused] = []
        self._edge = edge
        self._stream = stream
        self._seq = 0
        self.room = room
        self._limits = limits or BatchLimits()
        self._dropped: Counter[str] = Counter()
        self._changed = asyncio.Event()
        self._rows = 0
        started = StreamStarted(previous=None, previous_last_seq=None, software=software)
        self._preface = Preface(started, clock, undated=False)

    async def append(self, events: Sequence[Event], clock: Clock) -> int:
        kept = list(events)
        if len(self.events) + len(kept) > self.room * 3 // 4:
            kept = [event for event in events if not isinstance(event, Presence)]
        if len(self.events) + len(kept) > self.room:
            kept = []
        for event in events:
            if event not in kept:
                presence = isinstance(event, Presence)
                self._dropped["spool_full" if presence else "spool_full_scan"] += 1
        if events and not kept:
            raise SpoolFullError("the spool has no room")
        for event in kept:
            self._rows += 1
            self.events[self._rows] = (event, clock)
        self._changed.set()
        return len(events) - len(kept)

    async def seal(self, wanted: Wanted, now: Clock) -> Sealed | Unripe:
        before = self._preface.left(now)
        rows = dict(before) if self._preface.alone(now) else {**before, **self.events}
        waiting = [
            Waiting(
                row=place,
                urgent=urgent(event),
                scan=is_scan(event),
                size_bytes=len(msgspec.json.encode(event)),
                clock=clock,
            )
            for place, (event, clock) in rows.items()
        ]
        chosen = choose(waiting, wanted if self._seq else "any", now, self._limits)
        if isinstance(chosen, Unripe):
            return chosen
        self._seq += 1
        batch = Batch(
            edge=self._edge,
            stream=self._stream,
            seq=self._seq,
            clock=chosen.clock,
            dropped=dict(self._dropped),
            events=tuple(rows[place][0] for place in chosen.rows),
        )
        self._dropped.clear()
        for place in chosen.rows:
            self.events.pop(place, None)
        self._preface.said(chosen.rows)
        sealed = Sealed(
            stream=batch.stream,
            seq=batch.seq,
            payload=codec.encode(batch),
            events=len(batch.events),
            scans=chosen.scans,
            oldest=chosen.oldest,
        )
        self.sealed[sealed.key] = sealed
        self._sealed_wall_ms[sealed.key] = chosen.clock.wall_ms
        return sealed

    async def unacknowledged(self) -> Sequence[Sealed]:
        return list(self.sealed.values())

    async def settle(self, ack: Ack) -> Sequence[Key]:
        refused = {one.seq for one in ack.refused}
        gone = [
            (stream, seq)
            for stream, seq in self.sealed
            if stream == ack.stream
            and (seq in refused or any(first <= seq <= last for first, last in ack.committed))
        ]
        self.refused += [one for one in ack.refused if (ack.stream, one.seq) in self.sealed]
        for key in gone:
            del self.sealed[key], self._sealed_wall_ms[key]
        return gone

    async def changed(self) -> None:
        await self._changed.wait()
        self._changed.clear()

    async def depth(self) -> Depth:
        walls_ms = [
            *self._sealed_wall_ms.values(),
            *(clock.wall_ms for _, clock in self.events.values()),
        ]
        return Depth(
            unsealed=len(self.events),
            sealed=sum(one.events for one in self.sealed.values()),
            size_bytes=sum(len(one.payload) for one in self.sealed.values()),
            oldest_ms=next(iter(walls_ms), None),
        )
