"""Boards and sessions that do as a test says, and streams that rest on them: no HTTP, no database."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from shopbell_server.core.board.floor import Floor
from shopbell_server.core.board.rows import Place
from shopbell_server.core.ids import Millis, PersonId, StaffId, StoreId, VisitId
from shopbell_server.core.registry import Staff, Store
from shopbell_server.web.live.audience import Live, LiveEndedError, Room
from shopbell_server.web.live.rows import Picture, View
from shopbell_server.web.live.watch import Pace
from tests.server.web.streams import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from shopbell_server.core.audit.chain import What
    from shopbell_server.usecases.staff.looks import Look
    from shopbell_server.web.live.channel import Stream

VIEW = View(StoreId("s"), "advisor", "nl")
OTHER = View(StoreId("s"), "manager", "nl")
SESSION = b"a tablet's"
ANNA, BEN = PersonId("anna"), PersonId("ben")
SAM = Staff(
    id=StaffId("sam"), name="Sam", role="advisor", stores=frozenset({VIEW.store}), language="nl"
)
FLOOR = Floor(
    place=Place(store=Store(id=VIEW.store, name="S", timezone="UTC"), zones={}),
    guests={},
    at_ms=Millis(0),
)
QUICK: Final = Pace(spacing_s=0.001, refresh_s=0.01, heartbeat_s=0.02, sessions_s=0.01)
"""Everything that happens by itself happens within milliseconds; nothing is given up that soon."""

IMPATIENT: Final = replace(QUICK, patience_s=0.1)
"""Who looks is told soon that there is nothing."""

CALM: Final = Pace(spacing_s=0.001, refresh_s=60.0, heartbeat_s=60.0, sessions_s=60.0)
"""Nothing happens by itself."""


class Stage:
    """Boards that show what a test says."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {}
        self.error: Exception | None = None
        self.changes_ms: Millis | None = None
        self.now = 0
        self.asked: list[Collection[PersonId] | None] = []
        self.before: list[Picture | None] = []

    @property
    def read(self) -> int:
        return len(self.asked)

    def now_ms(self) -> Millis:
        return Millis(self.now)

    def picture(
        self,
        store: StoreId,
        views: Collection[View],
        before: Picture | None,
        persons: Collection[PersonId] | None,
    ) -> Picture | None:
        assert store == VIEW.store
        self.asked.append(persons)
        self.before.append(before)
        if self.error is not None:
            raise self.error
        rows = {VisitId(visit): row for visit, row in self.rows.items()}
        return Picture(
            store=b'"s"',
            at=b"0",
            rows=dict.fromkeys(views, rows),
            changes_ms=self.changes_ms,
            floor=FLOOR,
            sights={},
            persons=dict.fromkeys(rows, ANNA),
        )


class Door:
    """Knows who is signed in; everybody is Sam until a test says otherwise."""

    def __init__(self) -> None:
        self.knows: Mapping[bytes, Staff] = {SESSION: SAM}
        self.error: Exception | None = None
        self.asked = 0

    def staff(self, sessions: Collection[bytes]) -> Mapping[bytes, Staff]:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return {each: self.knows[each] for each in sessions if each in self.knows}


class Book:
    """Looks are written into it."""

    def __init__(self) -> None:
        self.written: list[Look] = []
        self.over: frozenset[bytes] = frozenset()
        self.error: Exception | None = None

    def unwritten(
        self, session: bytes, what: What, visits: AbstractSet[VisitId]
    ) -> AbstractSet[VisitId]:
        seen = {each.visit for each in self.written if (each.session, each.what) == (session, what)}
        return visits - seen

    def write(self, looks: Iterable[Look]) -> frozenset[bytes]:
        if self.error is not None:
            raise self.error
        self.written += [each for each in looks if each.session not in self.over]
        return self.over


@asynccontextmanager
async def serving(
    stage: Stage, door: Door, pace: Pace, room: Room | None = None, book: Book | None = None
) -> AsyncIterator[Live]:
    """Serve views of `stage` until the context ends; raise what ended them before."""
    live = Live(stage, door, book or Book(), "e", pace, room)
    stopping = asyncio.Event()
    task = asyncio.create_task(live.run(stopping))
    await asyncio.sleep(0)
    try:
        yield live
    finally:
        stopping.set()
        await task


async def looking(live: Live) -> Stream:
    """Look until there is something to see."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            try:
                return await live.look(VIEW, SESSION, None)
            except LiveEndedError:
                await asyncio.sleep(0)


async def heard(events: Stream) -> bytes:
    async with asyncio.timeout(LIMIT_S):
        return await anext(events)


async def heard_until(events: Stream, text: bytes) -> bytes:
    while text not in (said := await heard(events)):
        pass
    return said
