"""One store, for as long as somebody looks at it.

Owns: when it is read, and how much of it.
Never: what is in a row (`rows`), or what is said of it (`channel`). Belongs to the event loop.

All of it is read every `refresh_s`, so that what another process changed shows too, as does what nobody
announced. In between only those are read who were announced, at once, but not oftener than every
`spacing_s`; and a row that changes by itself is computed anew at that moment.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from shopbell_server.core.audit.chain import What
from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.usecases.staff.looks import Look
from shopbell_server.web.http.times import time_json
from shopbell_server.web.live.channel import Channel

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from shopbell_server.core.board.floor import Floor
    from shopbell_server.core.ids import Millis, PersonId, StoreId, VisitId
    from shopbell_server.web.live.rows import Picture, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often things happen."""

    spacing_s: float = 0.05
    """Of two readings: a store where fifty things change per second is told of twenty times. A telling
    costs some 40 µs for each stream: with two hundred, a sixth of a core; at 100 ms half of that, and
    everything is seen 25 ms later."""
    refresh_s: float = 2.0
    """Well under the 5 s in which a withdrawal must show, whoever took it in."""
    heartbeat_s: float = 5.0
    kept_s: float = 60.0
    """A store that nobody looks at is kept so long, for tablets that come back."""
    patience_s: float = 5.0
    """So long a tablet waits for a database that does not answer, before it is told to come back."""
    sessions_s: float = 2.0
    """Between two looks at who is still signed in: so late a sign-out ends a stream. One question for
    all streams."""


class ReadsBoards(Protocol):
    """What `rows.Boards` does."""

    def now_ms(self) -> Millis:
        """Return the time that rows are judged by."""
        ...

    def picture(
        self,
        store: StoreId,
        views: Collection[View],
        before: Picture | None,
        persons: Collection[PersonId] | None,
    ) -> Picture | None:
        """Return the store now; None if there is none. `persons` changed since `before`; None: all may."""
        ...


class WritesLooks(Protocol):
    """What `looks.Looks` does."""

    def unwritten(
        self, session: bytes, what: What, visits: AbstractSet[VisitId]
    ) -> AbstractSet[VisitId]:
        """Return those of `visits` that must be written down before `session` sees them."""
        ...

    def write(self, looks: Iterable[Look]) -> frozenset[bytes]:
        """Write them down, or raise; return the sessions that are over."""
        ...


def due_looks(
    looks: WritesLooks, store: StoreId, session: bytes, persons: Mapping[VisitId, PersonId]
) -> list[Look]:
    """Return what must be written down before `session` sees these visits."""
    return [
        Look(session=session, what=What.BOARD_READ, visit=visit, person=persons[visit], store=store)
        for visit in looks.unwritten(session, What.BOARD_READ, persons.keys())
    ]


class Watch:
    """What a store shows through every view, and who looks."""

    def __init__(
        self,
        store: StoreId,
        boards: ReadsBoards,
        looks: WritesLooks,
        new_epoch: Callable[[], str],
        pace: Pace,
    ) -> None:
        """`new_epoch` names each channel anew: ids of events from another one mean nothing."""
        self.store = store
        self.ended = False
        self.unknown = False
        self._boards = boards
        self._looks = looks
        self._new_epoch = new_epoch
        self._pace = pace
        self._channels: dict[View, Channel] = {}
        self._picture: Picture | None = None
        self._announced: set[PersonId] = set()
        self._marked = asyncio.Event()
        self._whole_s = 0.0

    @property
    def floor(self) -> Floor | None:
        """Return what was read last."""
        return None if self._picture is None else self._picture.floor

    def channel(self, view: View) -> Channel:
        """Return the channel of `view`; a new one shows something from the next reading on."""
        channel = self._channels.get(view)
        if channel is None:
            channel = self._channels[view] = Channel(view, self._new_epoch())
            self._marked.set()
        return channel

    def mark(self, persons: Collection[PersonId]) -> None:
        """Read these people again soon."""
        self._announced.update(persons)
        self._marked.set()

    def end(self) -> None:
        """Let everybody go."""
        self.ended = True
        self._marked.set()
        for channel in self._channels.values():
            channel.end()

    async def serve(self) -> None:
        """Read and tell until ended, or until nobody looked for a while or the store is unknown."""
        loop = asyncio.get_running_loop()
        heartbeat_s = loop.time() + self._pace.heartbeat_s
        looked_s = loop.time()
        fresh = False
        while not self.ended:
            self._marked.clear()
            read_s = loop.time()
            whole = not fresh or read_s >= self._whole_s + self._pace.refresh_s
            fresh = await self._read(whole=whole)
            if self.unknown:
                return
            if fresh and loop.time() >= heartbeat_s:
                heartbeat_s = loop.time() + self._pace.heartbeat_s
                at = time_json(self._boards.now_ms())
                for channel in self._channels.values():
                    channel.say_that_we_live(at)
            if any(channel.streams for channel in self._channels.values()):
                looked_s = loop.time()
            elif loop.time() - looked_s > self._pace.kept_s:
                return
            await asyncio.sleep(max(0.0, read_s + self._pace.spacing_s - loop.time()))
            due_s = self._whole_s + self._pace.refresh_s
            wait_s = min(due_s, heartbeat_s) - loop.time()
            await self._idle(wait_s if fresh else self._pace.refresh_s, fresh=fresh)

    async def _read(self, *, whole: bool) -> bool:
        """Read, and tell what changed; False if the database could not say.

        Then there is no heartbeat either, so the tablets see that they are blind, and no word of who was
        announced: the next reading is of everybody.
        """
        began_s = asyncio.get_running_loop().time()
        persons, self._announced = self._announced, set()
        views = tuple(self._channels)
        try:
            picture = await asyncio.to_thread(
                self._boards.picture, self.store, views, self._picture, None if whole else persons
            )
            if picture is not None:
                await self._write_looks(views, picture)
        except (DatabaseLostError, DatabaseBusyError):
            return False
        if self.ended:
            return True
        if picture is None:
            self.unknown = True
            return True
        self._picture = picture
        if whole:
            self._whole_s = began_s
        for view in views:
            self._channels[view].show(picture)
        return True

    async def _write_looks(self, views: tuple[View, ...], picture: Picture) -> None:
        """Write down who will see whom, until nobody is left who came meanwhile. Raises as the database does.

        With 200 streams and 100 rows it asks 20 000 times what is in a set: 1 ms, twenty times a second.
        """
        while not self.ended:
            due: list[Look] = []
            for view in views:
                persons = {visit: picture.persons[visit] for visit in picture.rows[view]}
                streams = self._channels[view].streams
                for session in {each.session for each in streams if not each.ended}:
                    due += due_looks(self._looks, self.store, session, persons)
            if not due:
                return
            over = await asyncio.to_thread(self._looks.write, due)
            for channel in self._channels.values():
                for stream in channel.streams:
                    if stream.session in over:
                        stream.end()

    async def _idle(self, at_most_s: float, *, fresh: bool) -> None:
        """Wait until something was announced or a row changes by itself, `at_most_s` at the most."""
        changes_ms = self._picture.changes_ms if fresh and self._picture is not None else None
        if changes_ms is not None:
            at_most_s = min(at_most_s, (changes_ms - self._boards.now_ms()) / 1000)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, at_most_s)):
                await self._marked.wait()
