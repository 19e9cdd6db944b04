"""The spool in SQLite, off the event loop.

Owns: the one thread that touches the file, and the sharing of commits.
Never: SQL; batches.py has all of it.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, ParamSpec, Self, TypeVar

import structlog

from shopbell_edge.adapters.spool.batches import Batches
from shopbell_edge.adapters.spool.disk import Room
from shopbell_edge.adapters.spool.rows import row
from shopbell_edge.core.batching import BatchLimits
from shopbell_edge.ports import SpoolFullError, SpoolLostError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType

    from shopbell_edge.adapters.spool.batches import Speaker
    from shopbell_edge.adapters.spool.rows import Row
    from shopbell_edge.core.batching import Unripe, Wanted
    from shopbell_edge.core.resend import Key, Sealed
    from shopbell_edge.ports import Depth
    from shopbell_wire.messages import Ack, Clock, Event

_OUR_MISTAKES: Final = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError)
"""What SQLite says to whoever uses it wrongly; all else is about the file."""

_P = ParamSpec("_P")
_T = TypeVar("_T")

log = structlog.get_logger()


class _Group:
    """Appends that share a commit. Whoever comes while the file is busy joins the next group."""

    def __init__(self) -> None:
        self.members: list[list[Row]] = []
        self.stored: asyncio.Future[list[int | None]] | None = None


class SqliteSpool:
    """Durable to the last commit. Blocks one thread of its own, never the event loop.

    Whatever it is asked for raises SpoolLostError when the file fails: unwritable, broken, or on a disk
    that is full beyond what the ballast can give.
    """

    def __init__(
        self,
        path: Path,
        speaker: Speaker,
        clock: Clock,
        *,
        room: Room | None = None,
        limits: BatchLimits | None = None,
    ) -> None:
        """Begin a stream of `speaker` in the spool at `path`; `clock` says when that was.

        Entering it raises SpoolBusyError if another process uses the file, and OSError
        (SpoolLostError among them) if the place cannot be written to.
        """
        self._path = path
        self._speaker = speaker
        self._clock = clock
        self._room = room or Room()
        self._limits = limits or BatchLimits()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool")
        self._gate = threading.Lock()
        self._group = _Group()
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        try:
            self._batches = await self._call(
                Batches,
                self._path,
                self._speaker,
                self._clock,
                room=self._room,
                limits=self._limits,
            )
        except BaseException:
            self._thread.shutdown()
            raise
        if self._batches.set_aside is not None:
            log.error("spool_corrupt", set_aside=self._batches.set_aside.name)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._call(self._batches.close)
        self._thread.shutdown()

    async def append(self, events: Sequence[Event], clock: Clock) -> int:
        """Store `events` durably; return how many presence events found no room."""
        rows = [row(event, clock) for event in events]
        with self._gate:
            group = self._group
            place = len(group.members)
            group.members.append(rows)
            if group.stored is None:
                group.stored = self._call(self._store, group)
        # Shielded: others share this commit, and what was promised to them is not ours to cancel.
        given_up = (await asyncio.shield(group.stored))[place]
        if given_up is None:
            raise SpoolFullError(
                f"the spool {self._path.name} has no room: the server has not answered for too long, "
                "or the disk is full"
            )
        self._changed.set()
        return given_up

    async def seal(self, wanted: Wanted, now: Clock) -> Sealed | Unripe:
        """Make the next batch, durably, or say when to ask again."""
        return await self._call(self._batches.seal, wanted, now)

    async def unacknowledged(self) -> Sequence[Sealed]:
        """Return the sealed batches that the server has not answered, oldest first."""
        return await self._call(self._batches.unacknowledged, self._clock.boot)

    async def settle(self, ack: Ack) -> Sequence[Key]:
        """Forget what is committed, set aside what is refused; return the batches that this settled."""
        return await self._call(self._batches.settle, ack)

    async def changed(self) -> None:
        """Return once something was appended since the last call."""
        await self._changed.wait()
        self._changed.clear()

    async def depth(self) -> Depth:
        """Return how much is waiting."""
        return await self._call(self._batches.depth)

    def _store(self, group: _Group) -> list[int | None]:
        """Close `group` to newcomers and commit it. On the thread."""
        with self._gate:
            self._group = _Group()
        outcomes = self._batches.append(group.members)
        if self._batches.shed:
            log.warning("spool_shed", **self._batches.shed)
        return outcomes

    def _call(
        self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> asyncio.Future[_T]:
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._thread, lambda: self._done(lambda: work(*args, **kwargs)))

    def _done(self, work: Callable[[], _T]) -> _T:
        try:
            return work()
        except _OUR_MISTAKES:
            raise
        except sqlite3.DatabaseError as error:
            raise SpoolLostError(
                f"the spool {self._path}: {error}; look at its disk (full? read-only? broken?) and at "
                "whom the file belongs to"
            ) from error
