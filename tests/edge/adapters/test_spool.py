"""What every Spool promises."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from shopbell_edge.adapters.spool.batches import Speaker
from shopbell_edge.adapters.spool.sqlite import SqliteSpool
from shopbell_edge.core.batching import Unripe
from shopbell_edge.core.resend import Sealed
from shopbell_wire import codec
from shopbell_wire.messages import Ack, Refused, StreamStarted
from tests.edge import events
from tests.fakes.clock import FakeClock
from tests.fakes.spool import MemorySpool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from shopbell_edge.core.batching import Wanted
    from shopbell_edge.ports import Spool
    from shopbell_wire.codec import Received

STREAM = "5" * 32


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["sqlite", "memory"])
async def spool(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Spool]:
    """Every Spool there is; what a test asks of one it asks of all."""
    if request.param == "memory":
        yield MemorySpool(clock.now(), stream=STREAM)
        return
    speaker = Speaker(edge="edge-1", stream=STREAM, software="test")
    async with SqliteSpool(tmp_path / "spool.db", speaker, clock.now()) as real:
        yield real


async def sealed(spool: Spool, clock: FakeClock, wanted: Wanted = "live") -> Sealed:
    made = await spool.seal(wanted, clock.now())
    assert isinstance(made, Sealed)
    return made


async def batch(spool: Spool, clock: FakeClock, wanted: Wanted = "live") -> Received:
    return codec.decode_batch((await sealed(spool, clock, wanted)).payload)


def committed(*ranges: tuple[int, int], stream: str = STREAM) -> Ack:
    return Ack(stream=stream, committed=ranges, refused=(), server_ms=0)


async def test_a_stream_begins_by_saying_that_it_does(spool: Spool, clock: FakeClock) -> None:
    first = await sealed(spool, clock)
    assert (first.stream, first.seq, first.events) == (STREAM, 1, 1)
    got = codec.decode_batch(first.payload)
    assert (got.edge, got.stream, got.seq, got.clock) == ("edge-1", STREAM, 1, clock.now())
    started = StreamStarted(previous=None, previous_last_seq=None, software="test")
    assert got.events == ((0, started),)


async def test_the_first_batch_takes_along_what_waits(spool: Spool, clock: FakeClock) -> None:
    await spool.append([events.scan()], clock.now())
    got = await batch(spool, clock)
    assert [type(event).__name__ for _, event in got.events] == ["StreamStarted", "Scan"]


async def test_events_keep_their_order_and_batches_count_up(spool: Spool, clock: FakeClock) -> None:
    await sealed(spool, clock)
    await spool.append([events.scan(1), events.scan(2)], clock.now())
    await spool.append([events.presence(3)], clock.now())
    got = await batch(spool, clock)
    assert got.seq == 2
    assert got.events == ((0, events.scan(1)), (1, events.scan(2)), (2, events.presence(3)))
    await spool.append([events.scan(4)], clock.now())
    assert (await batch(spool, clock)).seq == 3


async def test_what_may_wait_waits_a_second(spool: Spool, clock: FakeClock) -> None:
    await sealed(spool, clock)
    await spool.append([events.presence()], clock.now())
    assert await spool.seal("live", clock.now()) == Unripe(in_ms=1_000)
    clock.forward(1_000)
    assert (await sealed(spool, clock)).events == 1
    assert await spool.seal("live", clock.now()) == Unripe(in_ms=None)


async def test_live_events_overtake_a_backlog(spool: Spool, clock: FakeClock) -> None:
    await sealed(spool, clock)
    await spool.append([events.presence(n) for n in range(450)], clock.now())
    clock.forward(30_001)
    await spool.append([events.presence(900)], clock.now())
    await spool.append([events.scan()], clock.now())
    got = await batch(spool, clock, "live")
    assert [event for _, event in got.events] == [events.presence(900), events.scan()]
    sizes = [(await sealed(spool, clock, "backlog")).events for _ in range(3)]
    assert sum(sizes) == 450
    assert await spool.seal("backlog", clock.now()) == Unripe(in_ms=None)


async def test_scans_can_be_taken_alone(spool: Spool, clock: FakeClock) -> None:
    await sealed(spool, clock)
    await spool.append([events.health(), events.scan(), events.presence()], clock.now())
    made = await sealed(spool, clock, "scans")
    assert made.scans
    assert [event for _, event in codec.decode_batch(made.payload).events] == [events.scan()]


async def test_a_clock_that_was_set_does_not_date_what_came_before(
    spool: Spool, clock: FakeClock
) -> None:
    clock.sync("unsynced", step_ms=-10_000)
    await sealed(spool, clock)
    await spool.append([events.scan(1)], clock.now())
    before = clock.now()
    clock.forward(50)
    clock.sync("synced", step_ms=10_000)
    await spool.append([events.scan(2)], clock.now())
    first, second = await batch(spool, clock), await batch(spool, clock)
    assert (first.clock, second.clock) == (clock.now(), before)


async def test_a_sealed_batch_stays_until_the_server_answers(
    spool: Spool, clock: FakeClock
) -> None:
    made = []
    for n in range(3):
        await spool.append([events.scan(n)], clock.now())
        made.append(await sealed(spool, clock))
    assert list(await spool.unacknowledged()) == made
    assert list(await spool.settle(committed((1, 1), (3, 9)))) == [(STREAM, 1), (STREAM, 3)]
    assert list(await spool.unacknowledged()) == [made[1]]
    assert list(await spool.settle(committed((1, 1)))) == []


async def test_an_answer_to_another_stream_settles_nothing(spool: Spool, clock: FakeClock) -> None:
    made = await sealed(spool, clock)
    assert list(await spool.settle(committed((1, 5), stream="6" * 32))) == []
    assert list(await spool.unacknowledged()) == [made]


async def test_a_refused_batch_is_answered_too(spool: Spool, clock: FakeClock) -> None:
    for n in range(3):
        await spool.append([events.scan(n)], clock.now())
        await sealed(spool, clock)
    refused = (
        Refused(seq=2, index=0, reason="implausible_time"),
        Refused(seq=2, index=None, reason="too_deep"),
        Refused(seq=77, index=None, reason="too_deep"),
    )
    ack = Ack(stream=STREAM, committed=((1, 1),), refused=refused, server_ms=0)
    assert sorted(await spool.settle(ack)) == [(STREAM, 1), (STREAM, 2)]
    assert [one.seq for one in await spool.unacknowledged()] == [3]


async def test_depth_counts_what_waits(spool: Spool, clock: FakeClock) -> None:
    assert (await spool.depth()).unsealed == 0
    await sealed(spool, clock)
    await spool.append([events.presence(), events.presence(2)], clock.now())
    clock.forward(5_000)
    batch_of_two = await sealed(spool, clock)
    await spool.append([events.presence(3)], clock.now())
    depth = await spool.depth()
    assert batch_of_two.events == 2
    assert (depth.unsealed, depth.sealed) == (1, 3), "events, not batches"
    assert depth.oldest_ms == clock.now().wall_ms - 5_000
    assert depth.size_bytes > 0


async def test_whoever_waits_for_a_change_is_woken_by_an_append(
    spool: Spool, clock: FakeClock
) -> None:
    async with asyncio.TaskGroup() as group, asyncio.timeout(10):
        waiting = group.create_task(spool.changed())
        await spool.append([events.scan()], clock.now())
        await waiting


async def test_appends_from_many_tasks_are_all_stored(spool: Spool, clock: FakeClock) -> None:
    async with asyncio.TaskGroup() as group:
        for n in range(150):
            group.create_task(spool.append([events.scan(n)], clock.now()))
    got = await batch(spool, clock)
    assert {event for _, event in got.events[1:]} == {events.scan(n) for n in range(150)}
