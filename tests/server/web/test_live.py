"""What streams rest on, where HTTP would only be in the way."""

from __future__ import annotations

import asyncio
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import Millis, StoreId, VisitId, ZoneId
from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.web.live import Live, LiveEndedError, Pace
from shopbell_server.web.rows import Reading, View
from tests.server.web.streams import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

VIEW = View(StoreId("s"), "advisor", "nl")
QUICK = Pace(spacing_s=0.001, refresh_s=0.01, heartbeat_s=0.02, kept_s=0.03, patience_s=0.1)


class Stage:
    """Boards that show what a test says."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {}
        self.zones: dict[VisitId, ZoneId] = {}
        self.error: Exception | None = None
        self.changes_ms: Millis | None = None
        self.now = 0
        self.read = 0
        self.zones_before: Mapping[VisitId, ZoneId] = {}

    def now_ms(self) -> Millis:
        return Millis(self.now)

    def reading(self, view: View, zones_before: Mapping[VisitId, ZoneId]) -> Reading | None:
        assert view == VIEW
        self.read += 1
        self.zones_before = zones_before
        if self.error is not None:
            raise self.error
        return Reading(
            store=b'"s"',
            at=b"0",
            rows={VisitId(visit): row for visit, row in self.rows.items()},
            zones=self.zones,
            changes_ms=self.changes_ms,
        )


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def started(live: Live) -> tuple[asyncio.Event, asyncio.Task[None]]:
    stopping = asyncio.Event()
    task = asyncio.get_running_loop().create_task(live.run(stopping))
    await asyncio.sleep(0)
    return stopping, task


async def heard(events: AsyncIterator[bytes]) -> bytes:
    async with asyncio.timeout(LIMIT_S):
        return await anext(events)


async def heard_until(events: AsyncIterator[bytes], text: bytes) -> bytes:
    while text not in (said := await heard(events)):
        pass
    return said


async def test_no_heartbeat_while_the_database_is_away(stage: Stage) -> None:
    live = Live(stage, "e", QUICK)
    stopping, task = await started(live)
    said: list[bytes] = []

    async def listen() -> None:
        said.extend([event async for event in await live.look(VIEW, None)])

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


async def test_a_busy_database_is_asked_again(stage: Stage) -> None:
    live = Live(stage, "e", QUICK)
    stopping, task = await started(live)
    stage.error = DatabaseBusyError()
    with pytest.raises(LiveEndedError):
        await live.look(VIEW, None)
    stage.error = None
    events = await live.look(VIEW, None)
    assert b"event: snapshot" in await heard(events)
    stopping.set()
    await task


async def test_an_unexpected_failure_ends_the_live_view(stage: Stage) -> None:
    live = Live(stage, "e", QUICK)
    _, task = await started(live)
    stage.error = ZeroDivisionError()
    with pytest.raises(LiveEndedError):
        await live.look(VIEW, None)
    with pytest.raises(ExceptionGroup):
        await task


async def test_changes_are_announced_from_any_thread(stage: Stage) -> None:
    live = Live(stage, "e", Pace(spacing_s=0.001, refresh_s=60.0, heartbeat_s=60.0))
    stopping, task = await started(live)
    events = await live.look(VIEW, None)
    await heard(events)
    stage.rows["v"] = b'"here"'
    caller = Thread(target=live.changed, args=(VIEW.store,))
    caller.start()
    assert await heard(events) == b'id: e-1\nevent: changed\ndata: "here"\n\n'
    caller.join()
    stopping.set()
    await task
    live.changed(VIEW.store)  # nobody listens any more, and nothing breaks


async def test_a_row_that_changes_by_itself_is_read_at_that_moment(stage: Stage) -> None:
    live = Live(stage, "e", Pace(spacing_s=0.001, refresh_s=60.0, heartbeat_s=60.0))
    stopping, task = await started(live)
    stage.changes_ms = Millis(20)
    events = await live.look(VIEW, None)
    await heard(events)
    stage.now, stage.changes_ms = 20, None
    stage.rows["v"] = b'"left?"'
    assert b'"left?"' in await heard(events)
    stopping.set()
    await task


async def test_many_changes_are_one_reading(stage: Stage) -> None:
    live = Live(stage, "e", Pace(spacing_s=0.05, refresh_s=60.0, heartbeat_s=60.0))
    stopping, task = await started(live)
    events = await live.look(VIEW, None)
    await heard(events)
    read = stage.read
    for number in range(1000):
        stage.rows["v"] = b"%d" % number
        live.changed(VIEW.store)
    await heard_until(events, b"data: 999\n")
    assert stage.read - read < 10
    stopping.set()
    await task


async def test_the_zones_of_the_last_reading_come_back(stage: Stage) -> None:
    live = Live(stage, "e", QUICK)
    stopping, task = await started(live)
    stage.zones = {VisitId("v"): ZoneId("till")}
    assert live.zones(VIEW) == {}
    events = await live.look(VIEW, None)
    await heard_until(events, b"heartbeat")
    assert stage.zones_before == stage.zones == live.zones(VIEW)
    stopping.set()
    await task


async def test_a_view_that_nobody_looks_through_is_let_go(stage: Stage) -> None:
    live = Live(stage, "e", QUICK)
    stopping, task = await started(live)
    stage.zones = {VisitId("v"): ZoneId("till")}
    events = await live.look(VIEW, None)
    await heard(events)
    await events.aclose()  # type: ignore[attr-defined]
    async with asyncio.timeout(LIMIT_S):
        while live.zones(VIEW):  # noqa: ASYNC110  (the view tells nobody that it is gone)
            await asyncio.sleep(0.005)
    assert b"snapshot" in await heard(await live.look(VIEW, None))
    stopping.set()
    await task


async def test_a_stream_lives_for_a_while(stage: Stage) -> None:
    live = Live(stage, "e", Pace(spacing_s=0.001, refresh_s=0.01, life_s=0.05))
    stopping, task = await started(live)
    events = await live.look(VIEW, None)
    async with asyncio.timeout(LIMIT_S):
        said = [event async for event in events]
    assert said[0].startswith(b"id: e-0\nevent: snapshot")
    stopping.set()
    await task
