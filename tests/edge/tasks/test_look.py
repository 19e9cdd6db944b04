from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from shopbell_edge.core.answering import CAMERA, HANDHELD, Answer, Habits
from shopbell_edge.core.codes import NumberRule, Why
from shopbell_edge.core.liveness import BeatRules
from shopbell_edge.core.repeats import Repeats
from shopbell_edge.core.tally import Tally
from shopbell_edge.ports import SpoolLostError
from shopbell_edge.tasks.look import Looking
from shopbell_edge.tasks.pulses import Pulses
from shopbell_wire.messages import Scan, ScannerHealth
from tests.edge.tasks.running import running, settle
from tests.fakes.clock import FakeClock
from tests.fakes.feedback import FakeFeedback
from tests.fakes.reader import FakeReader
from tests.fakes.spool import MemorySpool
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_wire.messages import Clock, Event

# Shown at 2026-11-21 12:07:00 UTC; the fake clock says noon.
NOW_S = 1_795_262_400
PASS = f"SB1.K7Q2M9X4TR3WA.{NOW_S}.48775424"
STALE = f"SB1.K7Q2M9X4TR3WA.{NOW_S - 120}.48775424"
NUMBER = "2900000000018"


class Counter:
    """A camera over a counter, everything around it being in the test's hands."""

    def __init__(
        self,
        *,
        room: int = 10_000,
        habits: Habits = CAMERA,
        spool: MemorySpool | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.reader = FakeReader()
        self.feedback = FakeFeedback()
        self.spool = spool or MemorySpool(self.clock.now(), room=room)
        self.tally = Tally()
        self.pulses = Pulses(self.clock, [])
        self.looking = Looking(
            reader=self.reader,
            repeats=Repeats(key=bytes(16)),
            numbers=[NumberRule(symbology="EAN-13", prefix="29", length=13)],
            seal=lambda number: f"sealed:{len(number)}",
            spool=self.spool,
            clock=self.clock,
            pulses=self.pulses,
            tally=self.tally,
            habits=habits,
            feedback=[self.feedback],
        )

    @property
    def scans(self) -> list[Scan]:
        return [event for event, _ in self.spool.events.values() if isinstance(event, Scan)]


async def test_a_pass_is_kept_with_the_time_at_which_it_was_read() -> None:
    counter = Counter()
    async with running(counter.looking.run()):
        counter.reader.read("QR Code", PASS)
        await until("told", lambda: len(counter.scans) == 1)
    (scan,) = counter.scans
    assert (scan.kind, scan.text, scan.at_ms) == ("pass", PASS, NOW_S * 1000)
    assert counter.tally.codes["reader0", "pass"] == 1


async def test_a_pass_held_before_the_camera_is_one_scan() -> None:
    counter = Counter()
    async with running(counter.looking.run()):
        for _ in range(30):
            counter.reader.read("QR Code", PASS)
        await counter.reader.done()
    assert len(counter.scans) == 1


async def test_a_stale_pass_asks_to_be_refreshed_and_is_not_kept() -> None:
    counter = Counter()
    async with running(counter.looking.run()):
        counter.reader.read("QR Code", STALE)
        await counter.reader.done()
    assert counter.scans == []
    assert counter.tally.codes["reader0", "stale"] == 1


async def test_a_clock_that_is_not_set_judges_nobody_stale() -> None:
    counter = Counter()
    counter.clock.sync("unsynced")
    async with running(counter.looking.run()):
        counter.reader.read("QR Code", STALE)
        await counter.reader.done()
    assert len(counter.scans) == 1


async def test_a_number_leaves_sealed() -> None:
    counter = Counter()
    async with running(counter.looking.run()):
        counter.reader.read("UPC-A", NUMBER[1:])
        counter.reader.read("EAN13", NUMBER)
        await counter.reader.done()
    (scan,) = counter.scans
    assert (scan.kind, scan.format, scan.sealed) == ("number", "EAN-13", "sealed:13")
    assert NUMBER not in repr(counter.spool.events)


async def test_what_is_none_of_ours_is_counted_and_forgotten() -> None:
    counter = Counter()
    async with running(counter.looking.run()):
        counter.reader.read("QR Code", "https://evil.example/")
        counter.reader.read("EAN-13", "8712345678906")
        await counter.reader.done()
    assert counter.scans == []
    assert counter.tally.codes["reader0", "not_ours"] == 2


async def test_the_state_of_the_camera_is_known() -> None:
    counter = Counter()
    async with running(counter.looking.run()):
        counter.reader.feel("blind", "no_camera")
        await counter.reader.done()
    assert counter.tally.hearing["reader0"] == ("blind", "no_camera")


async def test_the_server_is_told_when_the_camera_goes_blind() -> None:
    counter = Counter()

    def told() -> list[tuple[str, str]]:
        events = [event for event, _ in counter.spool.events.values()]
        return [(e.state, e.reason) for e in events if isinstance(e, ScannerHealth)]

    async with running(counter.looking.run()):
        counter.reader.feel("hearing", "camera_opened")
        counter.reader.feel("blind", "camera_lost")
        await until("told", lambda: len(told()) == 2)
    assert told() == [("hearing", "camera_opened"), ("blind", "camera_lost")]


async def test_a_pass_that_found_no_room_may_be_shown_again() -> None:
    counter = Counter(room=0)
    async with running(counter.looking.run()):
        counter.reader.read("QR Code", PASS)
        await counter.reader.done()
        assert counter.tally.dropped == {"spool_full_scan": 1}
        counter.spool.room = 10
        counter.reader.read("QR Code", PASS)
        await counter.reader.done()
    assert len(counter.scans) == 1


class SlowSpool(MemorySpool):
    """Keeps nothing before `release` is set, and then fails with `failure` if there is one."""

    def __init__(self, failure: OSError | None = None) -> None:
        super().__init__(FakeClock().now())
        self.asked = asyncio.Event()
        self.release = asyncio.Event()
        self.failure = failure

    async def append(self, events: Sequence[Event], clock: Clock) -> int:
        self.asked.set()
        await self.release.wait()
        if self.failure is not None:
            raise self.failure
        return await super().append(events, clock)


async def test_she_is_told_that_it_is_good_after_the_commit_and_not_before() -> None:
    spool = SlowSpool()
    counter = Counter(spool=spool)
    async with running(counter.looking.run()):
        counter.reader.read("QR Code", PASS)
        await asyncio.wait_for(spool.asked.wait(), 10)
        await settle()
        assert counter.feedback.given == []
        spool.release.set()
        await until("answered", lambda: counter.feedback.given == [Answer.GOOD])


async def test_a_disk_that_hangs_under_a_scan_starves_the_watchdog_and_an_idle_counter_does_not() -> (
    None
):
    spool, rules = SlowSpool(), BeatRules()
    counter = Counter(spool=spool)
    async with running(counter.looking.run()):
        await settle()
        counter.clock.forward(3 * rules.stalled_ms)
        assert counter.pulses.stalled(rules) == ()
        counter.reader.read("QR Code", PASS)
        await asyncio.wait_for(spool.asked.wait(), 10)
        assert counter.pulses.stalled(rules) == ()
        counter.clock.forward(rules.stalled_ms + 1)
        assert counter.pulses.stalled(rules) == (counter.reader.scanner,)
        spool.release.set()
        await until("goes on", lambda: counter.pulses.stalled(rules) == ())


async def test_a_spool_that_fails_answers_nothing_and_ends_the_process() -> None:
    spool = SlowSpool(SpoolLostError("the disk is gone"))
    spool.release.set()
    counter = Counter(spool=spool)
    counter.reader.read("QR Code", PASS)
    with pytest.raises(ExceptionGroup) as failed:
        async with asyncio.timeout(10):
            await counter.looking.run()
    assert failed.value.subgroup(SpoolLostError)
    assert counter.feedback.given == []


async def test_a_scan_without_room_is_answered_with_no() -> None:
    counter = Counter(room=0)
    async with running(counter.looking.run()):
        counter.reader.read("QR Code", PASS)
        await until("answered", lambda: counter.feedback.given == [Answer.NOT_GOOD])
    assert counter.scans == []


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (STALE, Answer.REFRESH),
        (PASS[:-1], Answer.NOT_GOOD),
        ("2900000000019", Answer.NOT_GOOD),
    ],
)
async def test_what_is_meant_for_us_and_not_taken_is_answered_at_once(
    text: str, answer: Answer
) -> None:
    counter = Counter()
    async with running(counter.looking.run()):
        counter.reader.read("EAN-13", text)
        await until("answered", lambda: counter.feedback.given == [answer])
    assert counter.scans == []


async def test_half_a_scan_is_answered_with_no() -> None:
    counter = Counter(habits=HANDHELD)
    async with running(counter.looking.run()):
        counter.reader.misread(Why.CUT)
        await until("answered", lambda: counter.feedback.given == [Answer.NOT_GOOD])
    assert counter.tally.codes["reader0", "cut"] == 1


async def test_what_is_none_of_ours_is_not_answered() -> None:
    counter = Counter(habits=HANDHELD)
    async with running(counter.looking.run()):
        counter.reader.read("QR Code", "https://evil.example/")
        counter.reader.misread(Why.CHARSET)
        await counter.reader.done()
        await settle()
    assert counter.feedback.given == []
    assert counter.tally.codes == {("reader0", "not_ours"): 1, ("reader0", "charset"): 1}


@pytest.mark.parametrize(
    ("habits", "answers"), [(HANDHELD, [Answer.GOOD] * 2), (CAMERA, [Answer.GOOD])]
)
async def test_who_pulls_the_trigger_again_is_told_again_and_it_is_one_scan(
    habits: Habits, answers: list[Answer]
) -> None:
    counter = Counter(habits=habits)
    async with running(counter.looking.run()):
        for _ in range(2):
            counter.reader.read("QR Code", PASS)
            await counter.reader.done()
            await settle()
    assert counter.feedback.given == answers
    assert len(counter.scans) == 1


async def test_an_old_picture_before_a_camera_is_told_once_in_three_seconds() -> None:
    counter = Counter()
    async with running(counter.looking.run()):
        for _ in range(60):
            counter.reader.read("QR Code", STALE)
            await counter.reader.done()
            await settle()
            counter.clock.forward(66)
    assert counter.feedback.given == [Answer.REFRESH] * 2
    assert counter.tally.codes["reader0", "stale"] == 60


async def test_an_answer_that_could_not_be_given_is_counted_and_the_scan_stays() -> None:
    counter = Counter()
    counter.feedback.away = True
    async with running(counter.looking.run()):
        counter.reader.read("QR Code", PASS)
        await until("counted", lambda: counter.tally.codes["reader0", "unanswered"] == 1)
    assert len(counter.scans) == 1
