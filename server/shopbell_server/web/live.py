"""Boards that change while somebody looks.

Owns: when a view is read again, what changed in it, and who is told.
Never: what is in a row (`rows`), or HTTP (`streams`).

A view is read once for everybody who looks through it, and its bytes are made once. It is read at once
when something was announced, but not oftener than every `spacing_s`; when a row changes by itself; and
every `refresh_s` in any case, so that a change that another process made, or a consent that ran out,
shows too. Everything here but `changed` belongs to the event loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol

from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.web.rows import time_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from shopbell_server.core.ids import Millis, StoreId, VisitId, ZoneId
    from shopbell_server.web.rows import Reading, View

REMEMBERED: Final = 256
"""Events of a view that a tablet may have missed and still be told one by one: five minutes of a busy
store. Whoever missed more gets a snapshot, which costs the same as forty events."""

QUEUED: Final = 64
"""Events that wait for one slow tablet. Then they are dropped and it gets a snapshot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often things happen."""

    spacing_s: float = 0.1
    """Of two readings: a store where fifty things change per second is read ten times."""
    refresh_s: float = 2.0
    """Well under the 5 s in which a withdrawal must show, whoever took it in."""
    heartbeat_s: float = 5.0
    kept_s: float = 60.0
    """A view that nobody looks through is kept so long, for tablets that come back."""
    patience_s: float = 5.0
    """So long a tablet waits for a database that does not answer, before it is told to come back."""
    life_s: float = 600.0
    """Then a stream ends and the tablet opens another, for which it must still be signed in."""


class ReadsBoards(Protocol):
    """What `rows.Boards` does."""

    def now_ms(self) -> Millis:
        """Return the time that rows are judged by."""
        ...

    def reading(self, view: View, zones_before: Mapping[VisitId, ZoneId]) -> Reading | None:
        """Return the view now; None if there is no such store."""
        ...


class LiveEndedError(RuntimeError):
    """There is no live view: the server starts or stops, or has no database. Try again later."""


class Live:
    """The Announcer of this process, and what hears it."""

    def __init__(self, boards: ReadsBoards, epoch: str, pace: Pace | None = None) -> None:
        """`epoch` names this start of the process: ids of events from another one mean nothing."""
        self._boards = boards
        self._epoch = epoch
        self._pace = pace or Pace()
        self._channels: dict[View, _Channel] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_lock = Lock()

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve views until `stopping` is set, then end all streams. Run it once, as a task."""
        async with asyncio.TaskGroup() as tasks:
            with self._loop_lock:
                self._loop = asyncio.get_running_loop()
            self._tasks = tasks
            try:
                await stopping.wait()
            finally:
                with self._loop_lock:
                    self._loop = None
                self._tasks = None
                for channel in self._channels.values():
                    channel.end()

    def changed(self, store: StoreId) -> None:
        """Say that the board of `store` may look different now. From any thread; never blocks."""
        with self._loop_lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._mark, store)

    def zones(self, view: View) -> Mapping[VisitId, ZoneId]:
        """Return the zones that a view shows, if somebody looks through it."""
        channel = self._channels.get(view)
        return {} if channel is None or channel.reading is None else channel.reading.zones

    async def look(self, view: View, last_event_id: str | None) -> AsyncIterator[bytes]:
        """Return what to send to somebody who looks through `view`: events, in SSE's own form.

        Begins with a snapshot, or with what was missed since `last_event_id`. Raises LiveEndedError
        where nothing is live, and LookupError if there is no such store.
        """
        if self._tasks is None:
            raise LiveEndedError
        channel = self._channels.get(view)
        if channel is None:
            channel = _Channel(view, self._boards, self._epoch, self._pace)
            self._channels[view] = channel
            self._tasks.create_task(self._serve(channel), name=f"board of {view.store}")
        looker = _Looker(channel)
        channel.lookers.add(looker)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace.patience_s):
                await channel.first_read.wait()
        if channel.reading is None:
            channel.lookers.discard(looker)
            if channel.unknown:
                raise LookupError(view.store)
            raise LiveEndedError
        looker.resume(last_event_id)
        return _frames(looker, channel, self._pace.life_s)

    def _mark(self, store: StoreId) -> None:
        for view, channel in self._channels.items():
            if view.store == store:
                channel.mark()

    async def _serve(self, channel: _Channel) -> None:
        try:
            await channel.serve()
        finally:
            channel.end()
            self._channels.pop(channel.view, None)


class _Channel:
    """One view: what it shows, what it said lately, and who looks."""

    def __init__(self, view: View, boards: ReadsBoards, epoch: str, pace: Pace) -> None:
        self.view = view
        self.reading: Reading | None = None
        self.first_read = asyncio.Event()
        self.lookers: set[_Looker] = set()
        self.ended = False
        self.unknown = False
        self._boards = boards
        self._epoch = epoch
        self._pace = pace
        self._said = 0
        self._recent: deque[tuple[int, bytes]] = deque(maxlen=REMEMBERED)
        self._marked = asyncio.Event()

    def mark(self) -> None:
        """Read again soon."""
        self._marked.set()

    def end(self) -> None:
        """Let everybody go."""
        self.ended = True
        self.first_read.set()
        self._marked.set()
        for looker in self.lookers:
            looker.wake()

    async def serve(self) -> None:
        """Read and tell until ended, or until nobody looked for a while or the store is unknown."""
        loop = asyncio.get_running_loop()
        heartbeat_s = loop.time() + self._pace.heartbeat_s
        looked_s = loop.time()
        while not self.ended:
            self._marked.clear()
            read_s = loop.time()
            fresh = await self._read()
            if self.reading is None and fresh:
                self.unknown = True
                return
            if fresh and loop.time() >= heartbeat_s:
                heartbeat_s = loop.time() + self._pace.heartbeat_s
                self._say_that_we_live()
            if self.lookers:
                looked_s = loop.time()
            elif loop.time() - looked_s > self._pace.kept_s:
                return
            await asyncio.sleep(max(0.0, read_s + self._pace.spacing_s - loop.time()))
            wait_s = min(read_s + self._pace.refresh_s, heartbeat_s) - loop.time()
            await self._idle(wait_s if fresh else self._pace.refresh_s, fresh=fresh)

    def snapshot(self) -> bytes:
        """Return all of it as one event."""
        reading = self.reading
        if reading is None:
            return b""
        rows = b",".join(reading.rows.values())
        data = b'{"store":%b,"at":%b,"rows":[%b]}' % (reading.store, reading.at, rows)
        return self._event(b"snapshot", data)

    def since(self, last_event_id: str) -> bytes | None:
        """Return what was said after that event; None if that cannot be told any more."""
        epoch, _, number = last_event_id.rpartition("-")
        if epoch != self._epoch or not (number.isascii() and number.isdigit()):
            return None
        last = int(number[:16])
        if last > self._said:
            return None
        oldest = self._recent[0][0] if self._recent else self._said + 1
        if last < oldest - 1:
            return None
        return b"".join(event for said, event in self._recent if said > last)

    async def _read(self) -> bool:
        """Read the view and tell what changed; False if the database could not say."""
        before = self.reading
        try:
            reading = await asyncio.to_thread(
                self._boards.reading, self.view, before.zones if before else {}
            )
        except (DatabaseLostError, DatabaseBusyError):
            # Without a reading there is no heartbeat either, so the tablets see that they are blind.
            return False
        if not self.ended:
            self.reading = reading
            if before is not None and reading is not None:
                self._tell(before.rows, reading.rows)
            self.first_read.set()
        return True

    def _tell(self, before: Mapping[VisitId, bytes], now: Mapping[VisitId, bytes]) -> None:
        for visit, row in now.items():
            if before.get(visit) != row:
                self._say(b"changed", row)
        for visit in before.keys() - now.keys():
            self._say(b"gone", b'{"visit":"%b"}' % visit.encode())

    def _say(self, name: bytes, data: bytes) -> None:
        self._said += 1
        event = self._event(name, data)
        self._recent.append((self._said, event))
        for looker in self.lookers:
            looker.hear(event)

    def _say_that_we_live(self) -> None:
        # Has the id of the last event: nothing happened since, and whoever resumes misses nothing.
        beat = self._event(b"heartbeat", b'{"at":%b}' % time_json(self._boards.now_ms()))
        for looker in self.lookers:
            looker.hear(beat)

    def _event(self, name: bytes, data: bytes) -> bytes:
        head = f"id: {self._epoch}-{self._said}\n".encode()
        return b"%bevent: %b\ndata: %b\n\n" % (head, name, data)

    async def _idle(self, at_most_s: float, *, fresh: bool) -> None:
        """Wait until something was announced or a row changes by itself, `at_most_s` at the most."""
        changes_ms = self.reading.changes_ms if fresh and self.reading is not None else None
        if changes_ms is not None:
            at_most_s = min(at_most_s, (changes_ms - self._boards.now_ms()) / 1000)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, at_most_s)):
                await self._marked.wait()


class _Looker:
    """One open stream."""

    def __init__(self, channel: _Channel) -> None:
        self._channel = channel
        self._waiting: deque[bytes] = deque()
        self._behind = False
        self._woken = asyncio.Event()

    def resume(self, last_event_id: str | None) -> None:
        """Begin with what was missed, or with everything."""
        self._waiting.clear()
        missed = None if last_event_id is None else self._channel.since(last_event_id)
        self._behind = missed is None
        if missed:
            self._waiting.append(missed)
        self._woken.set()

    def hear(self, event: bytes) -> None:
        """Take an event; one too many and it is all forgotten for a snapshot."""
        if self._behind:
            return
        if len(self._waiting) == QUEUED:
            self._waiting.clear()
            self._behind = True
        else:
            self._waiting.append(event)
        self._woken.set()

    def wake(self) -> None:
        """Look up: the channel ended."""
        self._woken.set()

    async def next(self, ends_s: float) -> bytes | None:
        """Return the next bytes to send; None when the channel has ended, or at `ends_s` of the loop."""
        loop = asyncio.get_running_loop()
        while not self._channel.ended and loop.time() < ends_s:
            if self._behind:
                self._behind = False
                self._waiting.clear()
                return self._channel.snapshot()
            if self._waiting:
                events = b"".join(self._waiting)
                self._waiting.clear()
                return events
            self._woken.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(ends_s):
                    await self._woken.wait()
        return None


async def _frames(looker: _Looker, channel: _Channel, life_s: float) -> AsyncIterator[bytes]:
    try:
        # Not one timeout around it all: it would strike while the caller is sending.
        ends_s = asyncio.get_running_loop().time() + life_s
        while (events := await looker.next(ends_s)) is not None:
            yield events
    finally:
        channel.lookers.discard(looker)
