from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from structlog.testing import capture_logs

from shopbell_edge.core.liveness import BeatRules
from shopbell_edge.core.preface import anchor_of
from shopbell_edge.core.resend import Sealed
from shopbell_edge.tasks.beat import anchor_clock, feed_watchdog, keep_status
from shopbell_edge.tasks.pulses import Pulses
from shopbell_wire.messages import ScannerStatus, Status
from tests.edge import events
from tests.edge.tasks.running import running
from tests.fakes.clock import FakeClock
from tests.fakes.spool import MemorySpool
from tests.fakes.supervisor import FakeSupervisor
from tests.fakes.uplink import FakeUplink

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

QUICK = BeatRules(beat_ms=1, stalled_ms=1_000, status_ms=60_000)


async def until(true: Callable[[], bool]) -> None:
    """Return once `true` holds, or fail."""
    for _ in range(5_000):
        if true():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it never came")


async def test_the_watchdog_is_fed_while_every_loop_goes_round_and_no_longer() -> None:
    clock, supervisor = FakeClock(), FakeSupervisor()
    pulses = Pulses(clock, ["drain"])
    with capture_logs() as logs:
        async with running(feed_watchdog(supervisor, pulses, QUICK)):
            await supervisor.until(lambda: len(supervisor.told) >= 3)
            clock.forward(1_001)
            await until(lambda: bool(logs))
            starved = len(supervisor.told)
            await until(lambda: len(logs) >= 3)
            assert len(supervisor.told) == starved
            pulses.tell("drain")
            await supervisor.until(lambda: len(supervisor.told) > starved)
    assert logs[0]["event"] == "loops_stalled"
    assert logs[0]["loops"] == ("drain",)


class Described:
    """An edge whose scanner's state the test changes."""

    def __init__(self, clock: FakeClock) -> None:
        self.hearing: Literal["hearing", "blind"] = "hearing"
        self._clock = clock

    def __call__(self, number: int, state: Literal["online", "offline"]) -> Status:
        return Status(
            edge="edge-1",
            stream="5" * 32,
            conn=number,
            state=state,
            version="test",
            config="none",
            clock=self._clock.now(),
            scanners=(ScannerStatus(scanner="hci0", kind="ble", state=self.hearing),),
        )


async def test_the_status_is_told_when_it_changes_and_now_and_then() -> None:
    clock, uplink = FakeClock(), FakeUplink()
    describe = Described(clock)
    async with running(keep_status(uplink, clock, describe, QUICK)):
        uplink.connect()
        await uplink.until(lambda: len(uplink.statuses) == 1)
        clock.forward(59_999)  # only its clock is another
        describe.hearing = "blind"
        await uplink.until(lambda: len(uplink.statuses) == 2)
        clock.forward(60_000)
        await uplink.until(lambda: len(uplink.statuses) == 3)
    assert [one.scanners[0].state for one in uplink.statuses] == ["hearing", "blind", "blind"]


async def test_a_status_that_was_lost_is_told_by_the_next_connection() -> None:
    clock, uplink = FakeClock(), FakeUplink()
    describe = Described(clock)
    uplink.refusing_statuses = 1
    with capture_logs() as logs:
        async with running(keep_status(uplink, clock, describe, QUICK)):
            uplink.connect()
            await uplink.until(lambda: len(uplink.statuses) == 1)
    assert [line["event"] for line in logs] == ["status_not_taken"]


async def test_the_first_time_that_the_time_is_known_is_anchored_once() -> None:
    clock = FakeClock(state="unsynced")
    spool = MemorySpool(clock.now())
    assert isinstance(await spool.seal("live", clock.now()), Sealed)
    with capture_logs() as logs:
        async with running(anchor_clock(spool, clock, QUICK)) as task:
            await asyncio.sleep(0.01)
            assert not spool.events
            clock.forward(5_000)
            clock.sync(step_ms=77_000)
            async with asyncio.timeout(10):
                await task
    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("clock_not_known", "warning"),
        ("clock_known", "info"),
    ]
    assert logs[1]["after_s"] == 5
    now = clock.now()
    assert list(spool.events.values()) == [(anchor_of(now), now)]


async def test_an_anchor_that_finds_no_room_waits_for_it() -> None:
    clock = FakeClock()
    spool = MemorySpool(clock.now(), room=1)
    assert isinstance(await spool.seal("live", clock.now()), Sealed)
    await spool.append([events.scan()], clock.now())
    with capture_logs() as logs:
        async with running(anchor_clock(spool, clock, QUICK)) as task:
            await until(lambda: bool(logs))
            assert isinstance(await spool.seal("live", clock.now()), Sealed)
            async with asyncio.timeout(10):
                await task
    assert {line["event"] for line in logs} == {"clock_anchor_waits"}
