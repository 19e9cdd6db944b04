"""Boards that change while somebody looks.

Owns: which stores are watched, who looks at them, and for how long they may.
Never: when a store is read (`watch`), what is said of it (`channel`), or HTTP (`streams`).

Everything here but `changed` and `heard` belongs to the event loop.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.web.live.channel import Stream
from shopbell_server.web.live.rows import view_of
from shopbell_server.web.live.watch import Pace, Watch, due_looks

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.board.floor import Floor
    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.core.registry import Staff
    from shopbell_server.ports.world import Announcer
    from shopbell_server.web.live.rows import View
    from shopbell_server.web.live.watch import ReadsBoards, WritesLooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many may look at once, in this process."""

    in_session: int = 16
    """One browser: a tablet has one board open, and streams that Wi-Fi cut off are noticed after 20 s, in
    which a tablet comes back twice."""
    in_all: int = 500
    """All tablets of a large retailer. Each is one of the 1024 files that a process may have open unless
    it is told otherwise, and at most 64 KB that wait to be sent: 32 MB."""


class LiveEndedError(RuntimeError):
    """There is no live view: the server starts or stops, or has no database. Try again later."""


class NoRoomError(RuntimeError):
    """Too many look already."""


class SessionFullError(RuntimeError):
    """Too many look with this session already."""


class KnowsSessions(Protocol):
    """What `sessions.Sessions` does."""

    def staff(self, sessions: Collection[bytes]) -> Mapping[bytes, Staff]:
        """Return who is signed in, of these fingerprints; those whose session is over are left out."""
        ...


class Live:
    """What a process hears of changes, and who is told of them."""

    def __init__(  # noqa: PLR0913  (whom it asks, whom it tells)
        self,
        boards: ReadsBoards,
        sessions: KnowsSessions,
        looks: WritesLooks,
        epoch: str,
        pace: Pace | None = None,
        room: Room | None = None,
        *,
        others: Announcer | None = None,
    ) -> None:
        """`epoch` names this start of the process: ids of events from another one mean nothing.

        `others` are the boards of other processes: told of all that changed here.
        """
        self._boards = boards
        self._sessions = sessions
        self._looks = looks
        self._epoch = epoch
        self._epochs = 0
        self._pace = pace or Pace()
        self._room = room or Room()
        self._others = others
        self._watches: dict[StoreId, Watch] = {}
        self._streams: set[Stream] = set()
        self._looking: Counter[bytes] = Counter()
        self._tasks: asyncio.TaskGroup | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_lock = Lock()

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve views until `stopping` is set, then end all streams. Run it once, as a task."""
        async with asyncio.TaskGroup() as tasks:
            with self._loop_lock:
                self._loop = asyncio.get_running_loop()
            self._tasks = tasks
            tasks.create_task(self._check_sessions(stopping), name="sessions of streams")
            try:
                await stopping.wait()
            finally:
                with self._loop_lock:
                    self._loop = None
                self._tasks = None
                for watch in self._watches.values():
                    watch.end()

    def changed(self, store: StoreId, persons: Collection[PersonId]) -> None:
        """Say that rows of these people may look different now. From any thread; never blocks."""
        self.heard(store, persons)
        if self._others is not None:
            self._others.changed(store, persons)

    def heard(self, store: StoreId, persons: Collection[PersonId]) -> None:
        """Take another process's word for the same."""
        with self._loop_lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._mark, store, persons)

    def all_changed(self, changed: Mapping[StoreId, Collection[PersonId]]) -> None:
        """Let the boards of several stores look again at these people. From any thread."""
        for store, persons in changed.items():
            self.changed(store, persons)

    def floor(self, store: StoreId) -> Floor | None:
        """Return what is shown of a store, if somebody looks at it."""
        watch = self._watches.get(store)
        return None if watch is None else watch.floor

    async def look(self, view: View, session: bytes, last_event_id: str | None) -> Stream:
        """Return what to send to somebody who looks through `view`; the caller closes it.

        Begins with a snapshot, or with what was missed since `last_event_id`. Ends when `session`, a
        fingerprint, may not look through this view any longer. Raises NoRoomError, SessionFullError,
        LiveEndedError where nothing is live, and LookupError if there is no such store.
        """
        if self._tasks is None:
            raise LiveEndedError
        if len(self._streams) >= self._room.in_all:
            raise NoRoomError
        if self._looking[session] >= self._room.in_session:
            raise SessionFullError
        watch = self._watch(view.store, self._tasks)
        channel = watch.channel(view)
        stream = Stream(channel, session, self._closed)
        self._streams.add(stream)
        self._looking[session] += 1
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pace.patience_s):
                    await channel.first_shown.wait()
            if channel.shows:
                await self._write_looks(stream, last_event_id)
        except (DatabaseLostError, DatabaseBusyError):
            stream.close()
            raise LiveEndedError from None
        except BaseException:
            stream.close()
            raise
        if not channel.shows:
            stream.close()
            raise LookupError(view.store) if watch.unknown else LiveEndedError
        stream.resume(last_event_id)
        return stream

    async def _write_looks(self, stream: Stream, last_event_id: str | None) -> None:
        """Write down whom `stream` will see when it resumes; from there on `watch` does it."""
        store = stream.channel.view.store
        while not stream.ended:
            persons = stream.channel.whose(last_event_id)
            due = due_looks(self._looks, store, stream.session, persons)
            if not due:
                return
            if await asyncio.to_thread(self._looks.write, due):
                stream.end()

    def _watch(self, store: StoreId, tasks: asyncio.TaskGroup) -> Watch:
        """Return what watches a store, from now on if nothing did."""
        watch = self._watches.get(store)
        if watch is None:
            watch = Watch(store, self._boards, self._looks, self._new_epoch, self._pace)
            self._watches[store] = watch
            tasks.create_task(self._serve(watch), name=f"board of {store}")
        return watch

    def _closed(self, stream: Stream) -> None:
        self._streams.discard(stream)
        self._looking[stream.session] -= 1
        if not self._looking[stream.session]:
            del self._looking[stream.session]

    def _new_epoch(self) -> str:
        self._epochs += 1
        return self._epoch if self._epochs == 1 else f"{self._epoch}.{self._epochs}"

    def _mark(self, store: StoreId, persons: Collection[PersonId]) -> None:
        watch = self._watches.get(store)
        if watch is not None:
            watch.mark(persons)

    async def _serve(self, watch: Watch) -> None:
        try:
            await watch.serve()
        finally:
            watch.end()
            self._watches.pop(watch.store, None)

    async def _check_sessions(self, stopping: asyncio.Event) -> None:
        """End the streams of those who signed out, whose session is over, or who may look no longer."""
        while not stopping.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pace.sessions_s):
                    await stopping.wait()
            asked = set(self._looking)
            if not asked:
                continue
            try:
                staff = await asyncio.to_thread(self._sessions.staff, asked)
            except (DatabaseLostError, DatabaseBusyError):
                continue  # nothing is shown meanwhile, and tablets blank by themselves
            for stream in self._streams:
                view = stream.channel.view
                if (
                    stream.session in asked
                    and view_of(staff.get(stream.session), view.store) != view
                ):
                    stream.end()
