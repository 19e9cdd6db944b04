"""What streams rest on, where HTTP would only be in the way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.board_rows import Place
from shopbell_server.core.floor import Floor
from shopbell_server.core.ids import Millis, PersonId, StaffId, StoreId, VisitId
from shopbell_server.core.registry import Staff, Store
from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.web.channel import QUEUED
from shopbell_server.web.live import Live, LiveEndedError, NoRoomError, Room, SessionFullError
from shopbell_server.web.rows import Picture, View
from shopbell_server.web.watch import Pace
from tests.server.web.streams import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.web.channel import Stream

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
QUICK = Pace(
    spacing_s=0.001,
    refresh_s=0.01,
    heartbeat_s=0.02,
    kept_s=0.03,
    patience_s=0.1,
    sessions_s=0.01,
)
CALM = Pace(spacing_s=0.001, refresh_s=60.0, heartbeat_s=60.0, sessions_s=60.0)


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


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def started(live: Live) -> tuple[asyncio.Event, asyncio.Task[None]]:
    stopping = asyncio.Event()
    task = asyncio.get_running_loop().create_task(live.run(stopping))
    await asyncio.sleep(0)
    return stopping, task


async def heard(events: Stream) -> bytes:
    async with asyncio.timeout(LIMIT_S):
        return await anext(events)


async def heard_until(events: Stream, text: bytes) -> bytes:
    while text not in (said := await heard(events)):
        pass
    return said


async def test_no_heartbeat_while_the_database_is_away(stage: Stage, door: Door) -> None:
    live = Live(stage, door, "e", QUICK)
    stopping, task = await started(live)
    said: list[bytes] = []

    async def listen() -> None:
        said.extend([event async for event in await live.look(VIEW, SESSION, None)])

    async def more_readings(number: int) -> None:
        wanted = stage.read + number
        async with asyncio.timeout(LIMIT_S):
            while stage.read < wanted:  # noqa: ASYNC110  (the stage is asked and tells nobody)
                await asyncio.sleep(0.002)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(listen())
        await more_readings(10)
        stage.error = DatabaseLostError()
        stage.now = 1
        # The one reading that may be under way, and then twenty without an answer.
        await more_readings(20)
        stage.error = None
        stage.now = 2
        await more_readings(10)
        stopping.set()
    await task
    beats = [event for event in said if b"heartbeat" in event]
    assert any(b"00:00:00.000Z" in beat for beat in beats)
    assert not any(b"00:00:00.001Z" in beat for beat in beats)
    assert any(b"00:00:00.002Z" in beat for beat in beats)


async def test_a_busy_database_is_asked_again(stage: Stage, door: Door) -> None:
    live = Live(stage, door, "e", QUICK)
    stopping, task = await started(live)
    stage.error = DatabaseBusyError()
    with pytest.raises(LiveEndedError):
        await live.look(VIEW, SESSION, None)
    stage.error = None
    events = await live.look(VIEW, SESSION, None)
    assert b"event: snapshot" in await heard(events)
    stopping.set()
    await task


async def test_an_unexpected_failure_ends_the_live_view(stage: Stage, door: Door) -> None:
    live = Live(stage, door, "e", QUICK)
    _, task = await started(live)
    stage.error = ZeroDivisionError()
    with pytest.raises(LiveEndedError):
        await live.look(VIEW, SESSION, None)
    with pytest.raises(ExceptionGroup):
        await task


async def test_changes_are_announced_from_any_thread(stage: Stage, door: Door) -> None:
    live = Live(stage, door, "e", CALM)
    stopping, task = await started(live)
    events = await live.look(VIEW, SESSION, None)
    await heard(events)
    stage.rows["v"] = b'"here"'
    caller = Thread(target=live.changed, args=(VIEW.store, [ANNA]))
    caller.start()
    assert await heard(events) == b'id: e-1\nevent: changed\ndata: "here"\n\n'
    caller.join()
    stopping.set()
    await task
    live.changed(VIEW.store, [ANNA])  # nobody listens any more, and nothing breaks


async def test_a_row_that_changes_by_itself_is_read_at_that_moment(
    stage: Stage, door: Door
) -> None:
    live = Live(stage, door, "e", CALM)
    stopping, task = await started(live)
    stage.changes_ms = Millis(20)
    events = await live.look(VIEW, SESSION, None)
    await heard(events)
    stage.now, stage.changes_ms = 20, None
    stage.rows["v"] = b'"left?"'
    assert b'"left?"' in await heard(events)
    stopping.set()
    await task


async def test_many_changes_are_one_reading(stage: Stage, door: Door) -> None:
    live = Live(stage, door, "e", replace(CALM, spacing_s=0.05))
    stopping, task = await started(live)
    events = await live.look(VIEW, SESSION, None)
    await heard(events)
    read = stage.read
    for number in range(1000):
        stage.rows["v"] = b"%d" % number
        live.changed(VIEW.store, [ANNA])
    await heard_until(events, b"data: 999\n")
    assert stage.read - read < 10
    stopping.set()
    await task


async def test_only_who_was_announced_is_read(stage: Stage, door: Door) -> None:
    live = Live(stage, door, "e", CALM)
    stopping, task = await started(live)
    events = await live.look(VIEW, SESSION, None)
    await heard(events)
    live.changed(VIEW.store, [ANNA])
    live.changed(StoreId("another"), [BEN])
    stage.rows["v"] = b"1"
    await heard(events)
    assert stage.asked[0] is None
    assert [each for each in stage.asked[1:] if each] == [{ANNA}]
    assert stage.before[0] is None
    assert all(each is not None for each in stage.before[1:])
    stopping.set()
    await task


async def test_everybody_is_read_now_and_then(stage: Stage, door: Door) -> None:
    live = Live(stage, door, "e", QUICK)
    stopping, task = await started(live)
    events = await live.look(VIEW, SESSION, None)
    await heard(events)
    stage.rows["v"] = b'"nobody announced her"'
    assert b"nobody announced her" in await heard_until(events, b"changed")
    stopping.set()
    await task


async def test_after_a_reading_that_failed_everybody_is_read(stage: Stage, door: Door) -> None:
    live = Live(stage, door, "e", replace(CALM, refresh_s=0.05))
    stopping, task = await started(live)
    events = await live.look(VIEW, SESSION, None)
    await heard(events)
    stage.error = DatabaseLostError()
    asked = stage.read
    live.changed(VIEW.store, [ANNA])
    async with asyncio.timeout(LIMIT_S):
        while stage.read == asked:  # noqa: ASYNC110  (the stage is asked and tells nobody)
            await asyncio.sleep(0.002)
    stage.error = None
    stage.rows["v"] = b"1"
    await heard(events)
    assert stage.asked[asked + 1] is None
    stopping.set()
    await task


async def test_what_is_shown_can_be_asked_for(stage: Stage, door: Door) -> None:
    live = Live(stage, door, "e", QUICK)
    stopping, task = await started(live)
    assert live.floor(VIEW.store) is None
    stream = await live.look(VIEW, SESSION, None)
    assert live.floor(VIEW.store) == FLOOR
    stream.close()
    stopping.set()
    await task


async def test_a_store_that_nobody_looks_at_is_let_go(stage: Stage, door: Door) -> None:
    live = Live(stage, door, "e", QUICK)
    stopping, task = await started(live)
    stream = await live.look(VIEW, SESSION, None)
    await heard(stream)
    stage.rows["v"] = b"1"
    last = await heard_until(stream, b"changed")
    stream.close()
    async with asyncio.timeout(LIMIT_S):
        while live.floor(VIEW.store):  # noqa: ASYNC110  (the store tells nobody that it is gone)
            await asyncio.sleep(0.005)
    number = last.partition(b"\n")[0].removeprefix(b"id: ").decode()
    stage.rows["v"] = b"2"
    again = await live.look(VIEW, SESSION, number)
    # What was said meanwhile is not known: an id from before must not be taken for one of now.
    assert b"snapshot" in await heard(again)
    stopping.set()
    await task


async def test_an_id_of_another_view_means_nothing(stage: Stage, door: Door) -> None:
    live = Live(stage, door, "e", CALM)
    stopping, task = await started(live)
    first = await heard(await live.look(VIEW, SESSION, None))
    number = first.partition(b"\n")[0].removeprefix(b"id: ").decode()
    assert number == "e-0"
    assert b"snapshot" in await heard(await live.look(OTHER, SESSION, number))
    stopping.set()
    await task


async def test_bytes_are_made_once_for_everybody(stage: Stage, door: Door) -> None:
    live = Live(stage, door, "e", CALM)
    stopping, task = await started(live)
    streams = [await live.look(VIEW, SESSION, None) for _ in range(3)]
    snapshots = [await heard(stream) for stream in streams]
    stage.rows |= {"v": b"1", "w": b"2"}
    live.changed(VIEW.store, [ANNA])
    said = [await heard(stream) for stream in streams]
    assert snapshots[0] is snapshots[1] is snapshots[2]
    assert said[0] is said[1] is said[2]
    assert said[0].count(b"event: changed") == 2
    stopping.set()
    await task


async def test_a_stream_that_does_not_read_keeps_nothing_but_its_place(
    stage: Stage, door: Door
) -> None:
    live = Live(stage, door, "e", CALM)
    stopping, task = await started(live)
    watching, slow = [await live.look(VIEW, SESSION, None) for _ in range(2)]
    await heard(watching)
    for number in range(QUEUED + 2):
        stage.rows["v"] = b"%d" % number
        live.changed(VIEW.store, [ANNA])
        await heard(watching)
    said = await heard(slow)
    assert said.count(b"event:") == 1
    assert b"snapshot" in said
    stopping.set()
    await task


async def test_a_stream_ends_with_its_session(stage: Stage, door: Door) -> None:
    live = Live(stage, door, "e", replace(CALM, sessions_s=0.005))
    stopping, task = await started(live)
    door.knows = {SESSION: SAM, b"other": SAM}
    ends, stays = await live.look(VIEW, SESSION, None), await live.look(VIEW, b"other", None)
    await heard(stays)
    door.knows = {b"other": SAM}
    async with asyncio.timeout(LIMIT_S):
        async for said in ends:
            assert b"snapshot" in said
    stage.rows["v"] = b"1"
    live.changed(VIEW.store, [ANNA])
    assert b"changed" in await heard(stays)
    stopping.set()
    await task


@pytest.mark.parametrize(
    "now",
    [
        replace(SAM, role="auditor"),
        replace(SAM, stores=frozenset()),
        replace(SAM, language="en"),
    ],
)
async def test_a_stream_ends_when_its_view_is_theirs_no_longer(
    stage: Stage, door: Door, now: Staff
) -> None:
    live = Live(stage, door, "e", replace(CALM, sessions_s=0.005))
    stopping, task = await started(live)
    stream = await live.look(VIEW, SESSION, None)
    door.knows = {SESSION: now}
    async with asyncio.timeout(LIMIT_S):
        async for said in stream:
            assert b"snapshot" in said
    stopping.set()
    await task


async def test_nobody_is_sent_away_because_the_database_is(stage: Stage, door: Door) -> None:
    live = Live(stage, door, "e", replace(CALM, sessions_s=0.002))
    stopping, task = await started(live)
    stream = await live.look(VIEW, SESSION, None)
    await heard(stream)
    door.error, door.knows = DatabaseLostError(), {}
    async with asyncio.timeout(LIMIT_S):
        while door.asked < 5:  # noqa: ASYNC110  (the door is asked and tells nobody)
            await asyncio.sleep(0.002)
    stage.rows["v"] = b"1"
    live.changed(VIEW.store, [ANNA])
    assert b"changed" in await heard(stream)
    stopping.set()
    await task


async def test_a_session_has_so_many_streams_and_the_process_too(stage: Stage, door: Door) -> None:
    live = Live(stage, door, "e", CALM, Room(in_session=2, in_all=3))
    stopping, task = await started(live)
    first, _ = [await live.look(VIEW, SESSION, None) for _ in range(2)]
    with pytest.raises(SessionFullError):
        await live.look(VIEW, SESSION, None)
    await live.look(VIEW, b"other", None)
    with pytest.raises(NoRoomError):
        await live.look(VIEW, b"third", None)
    first.close()
    first.close()
    await live.look(VIEW, SESSION, None)
    stopping.set()
    await task


async def test_who_is_told_to_come_back_holds_no_place(stage: Stage, door: Door) -> None:
    live = Live(stage, door, "e", QUICK, Room(in_session=1, in_all=1))
    stopping, task = await started(live)
    stage.error = DatabaseLostError()
    with pytest.raises(LiveEndedError):
        await live.look(VIEW, SESSION, None)
    waiting = asyncio.get_running_loop().create_task(live.look(VIEW, SESSION, None))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    stage.error = None
    await live.look(VIEW, SESSION, None)
    stopping.set()
    await task
