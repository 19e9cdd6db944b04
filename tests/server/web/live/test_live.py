"""What is said of a store while somebody looks: when it is read, and what who looks is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import Millis, StoreId
from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.web.live.audience import LiveEndedError
from shopbell_server.web.live.channel import QUEUED
from tests.rigs.waiting import until
from tests.server.web.stage import (
    ANNA,
    BEN,
    CALM,
    FLOOR,
    IMPATIENT,
    OTHER,
    QUICK,
    SESSION,
    VIEW,
    Door,
    Stage,
    heard,
    heard_until,
    looking,
    serving,
)

if TYPE_CHECKING:
    from shopbell_server.web.live.audience import Live


async def test_no_heartbeat_while_the_database_is_away(stage: Stage, door: Door) -> None:
    said: list[bytes] = []

    async def listen(live: Live) -> None:
        said.extend([event async for event in await live.look(VIEW, SESSION, None)])

    async def more_readings(number: int) -> None:
        wanted = stage.read + number
        await until("read", lambda: stage.read >= wanted)

    async with serving(stage, door, QUICK) as live:
        listening = asyncio.create_task(listen(live))
        await more_readings(10)
        stage.error = DatabaseLostError()
        stage.now = 1
        # The one reading that may be under way, and then twenty without an answer.
        await more_readings(20)
        stage.error = None
        stage.now = 2
        await more_readings(10)
    await listening
    beats = [event for event in said if b"heartbeat" in event]
    assert any(b"00:00:00.000Z" in beat for beat in beats)
    assert not any(b"00:00:00.001Z" in beat for beat in beats)
    assert any(b"00:00:00.002Z" in beat for beat in beats)


async def test_a_busy_database_is_asked_again(stage: Stage, door: Door) -> None:
    async with serving(stage, door, IMPATIENT) as live:
        stage.error = DatabaseBusyError()
        with pytest.raises(LiveEndedError):
            await live.look(VIEW, SESSION, None)
        stage.error = None
        events = await looking(live)
        assert b"event: snapshot" in await heard(events)


async def test_an_unexpected_failure_ends_the_live_view(stage: Stage, door: Door) -> None:
    async def look() -> None:
        async with serving(stage, door, QUICK) as live:
            with pytest.raises(LiveEndedError):
                await live.look(VIEW, SESSION, None)

    stage.error = ZeroDivisionError()
    with pytest.raises(ExceptionGroup):
        await look()


async def test_changes_are_announced_from_any_thread(stage: Stage, door: Door) -> None:
    async with serving(stage, door, CALM) as live:
        events = await live.look(VIEW, SESSION, None)
        await heard(events)
        stage.rows["v"] = b'"here"'
        caller = Thread(target=live.changed, args=(VIEW.store, [ANNA]))
        caller.start()
        assert await heard(events) == b'id: e-1\nevent: changed\ndata: "here"\n\n'
        caller.join()
    live.changed(VIEW.store, [ANNA])  # nobody listens any more, and nothing breaks


async def test_a_row_that_changes_by_itself_is_read_at_that_moment(
    stage: Stage, door: Door
) -> None:
    async with serving(stage, door, CALM) as live:
        stage.changes_ms = Millis(20)
        events = await live.look(VIEW, SESSION, None)
        await heard(events)
        stage.now, stage.changes_ms = 20, None
        stage.rows["v"] = b'"left?"'
        assert b'"left?"' in await heard(events)


async def test_many_changes_are_one_reading(stage: Stage, door: Door) -> None:
    async with serving(stage, door, replace(CALM, spacing_s=0.05)) as live:
        events = await live.look(VIEW, SESSION, None)
        await heard(events)
        read = stage.read
        for number in range(1000):
            stage.rows["v"] = b"%d" % number
            live.changed(VIEW.store, [ANNA])
        await heard_until(events, b"data: 999\n")
        assert stage.read - read < 10


async def test_only_who_was_announced_is_read(stage: Stage, door: Door) -> None:
    async with serving(stage, door, CALM) as live:
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


async def test_everybody_is_read_now_and_then(stage: Stage, door: Door) -> None:
    async with serving(stage, door, QUICK) as live:
        events = await live.look(VIEW, SESSION, None)
        await heard(events)
        stage.rows["v"] = b'"nobody announced her"'
        assert b"nobody announced her" in await heard_until(events, b"changed")


async def test_after_a_reading_that_failed_everybody_is_read(stage: Stage, door: Door) -> None:
    async with serving(stage, door, replace(CALM, refresh_s=0.05)) as live:
        events = await live.look(VIEW, SESSION, None)
        await heard(events)
        stage.error = DatabaseLostError()
        asked = stage.read
        live.changed(VIEW.store, [ANNA])
        await until("read", lambda: stage.read > asked)
        stage.error = None
        stage.rows["v"] = b"1"
        await heard(events)
        assert stage.asked[asked + 1] is None


async def test_what_is_shown_can_be_asked_for(stage: Stage, door: Door) -> None:
    async with serving(stage, door, QUICK) as live:
        assert live.floor(VIEW.store) is None
        stream = await live.look(VIEW, SESSION, None)
        assert live.floor(VIEW.store) == FLOOR
        stream.close()


async def test_a_store_that_nobody_looks_at_is_let_go(stage: Stage, door: Door) -> None:
    async with serving(stage, door, replace(QUICK, kept_s=0.03)) as live:
        stream = await live.look(VIEW, SESSION, None)
        await heard(stream)
        stage.rows["v"] = b"1"
        last = await heard_until(stream, b"changed")
        stream.close()
        await until("it is gone", lambda: live.floor(VIEW.store) is None)
        number = last.partition(b"\n")[0].removeprefix(b"id: ").decode()
        stage.rows["v"] = b"2"
        again = await live.look(VIEW, SESSION, number)
        # What was said meanwhile is not known: an id from before must not be taken for one of now.
        assert b"snapshot" in await heard(again)


async def test_an_id_of_another_view_means_nothing(stage: Stage, door: Door) -> None:
    async with serving(stage, door, CALM) as live:
        first = await heard(await live.look(VIEW, SESSION, None))
        number = first.partition(b"\n")[0].removeprefix(b"id: ").decode()
        assert number == "e-0"
        assert b"snapshot" in await heard(await live.look(OTHER, SESSION, number))


async def test_bytes_are_made_once_for_everybody(stage: Stage, door: Door) -> None:
    async with serving(stage, door, CALM) as live:
        streams = [await live.look(VIEW, SESSION, None) for _ in range(3)]
        snapshots = [await heard(stream) for stream in streams]
        stage.rows |= {"v": b"1", "w": b"2"}
        live.changed(VIEW.store, [ANNA])
        said = [await heard(stream) for stream in streams]
        assert snapshots[0] is snapshots[1] is snapshots[2]
        assert said[0] is said[1] is said[2]
        assert said[0].count(b"event: changed") == 2


async def test_a_stream_that_does_not_read_keeps_nothing_but_its_place(
    stage: Stage, door: Door
) -> None:
    async with serving(stage, door, CALM) as live:
        watching, slow = [await live.look(VIEW, SESSION, None) for _ in range(2)]
        await heard(watching)
        for number in range(QUEUED + 2):
            stage.rows["v"] = b"%d" % number
            live.changed(VIEW.store, [ANNA])
            await heard(watching)
        said = await heard(slow)
        assert said.count(b"event:") == 1
        assert b"snapshot" in said
