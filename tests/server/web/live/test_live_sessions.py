"""Who may look, for how long, and how many at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from shopbell_server.ports.database import DatabaseLostError
from shopbell_server.web.live.audience import LiveEndedError, NoRoomError, Room, SessionFullError
from tests.rigs.waiting import until
from tests.server.web.stage import (
    ANNA,
    CALM,
    IMPATIENT,
    SAM,
    SESSION,
    VIEW,
    Door,
    Stage,
    heard,
    looking,
    serving,
)
from tests.server.web.streams import LIMIT_S

if TYPE_CHECKING:
    from shopbell_server.core.registry import Staff


async def test_a_stream_ends_with_its_session(stage: Stage, door: Door) -> None:
    async with serving(stage, door, replace(CALM, sessions_s=0.005)) as live:
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
    async with serving(stage, door, replace(CALM, sessions_s=0.005)) as live:
        stream = await live.look(VIEW, SESSION, None)
        door.knows = {SESSION: now}
        async with asyncio.timeout(LIMIT_S):
            async for said in stream:
                assert b"snapshot" in said


async def test_nobody_is_sent_away_because_the_database_is(stage: Stage, door: Door) -> None:
    async with serving(stage, door, replace(CALM, sessions_s=0.002)) as live:
        stream = await live.look(VIEW, SESSION, None)
        await heard(stream)
        door.error, door.knows = DatabaseLostError(), {}
        await until("asked", lambda: door.asked >= 5)
        stage.rows["v"] = b"1"
        live.changed(VIEW.store, [ANNA])
        assert b"changed" in await heard(stream)


async def test_a_session_has_so_many_streams_and_the_process_too(stage: Stage, door: Door) -> None:
    async with serving(stage, door, CALM, Room(in_session=2, in_all=3)) as live:
        first, _ = [await live.look(VIEW, SESSION, None) for _ in range(2)]
        with pytest.raises(SessionFullError):
            await live.look(VIEW, SESSION, None)
        await live.look(VIEW, b"other", None)
        with pytest.raises(NoRoomError):
            await live.look(VIEW, b"third", None)
        first.close()
        first.close()
        await live.look(VIEW, SESSION, None)


async def test_who_is_told_to_come_back_holds_no_place(stage: Stage, door: Door) -> None:
    async with serving(stage, door, IMPATIENT, Room(in_session=1, in_all=1)) as live:
        stage.error = DatabaseLostError()
        with pytest.raises(LiveEndedError):
            await live.look(VIEW, SESSION, None)
        waiting = asyncio.get_running_loop().create_task(live.look(VIEW, SESSION, None))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        stage.error = None
        await looking(live)
