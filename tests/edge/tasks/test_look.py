from __future__ import annotations

from shopbell_edge.core.codes import NumberRule
from shopbell_edge.core.repeats import Repeats
from shopbell_edge.core.tally import Tally
from shopbell_edge.tasks.look import Looking
from shopbell_wire.messages import Scan, ScannerHealth
from tests.edge.tasks.running import running
from tests.fakes.clock import FakeClock
from tests.fakes.reader import FakeReader
from tests.fakes.spool import MemorySpool
from tests.rigs.waiting import until

# Shown at 2026-11-21 12:07:00 UTC; the fake clock says noon.
NOW_S = 1_795_262_400
PASS = f"SB1.K7Q2M9X4TR3WA.{NOW_S}.48775424"
STALE = f"SB1.K7Q2M9X4TR3WA.{NOW_S - 120}.48775424"
NUMBER = "2900000000018"


class Counter:
    """A camera over a counter, everything around it being in the test's hands."""

    def __init__(self, *, room: int = 10_000) -> None:
        self.clock = FakeClock()
        self.reader = FakeReader()
        self.spool = MemorySpool(self.clock.now(), room=room)
        self.tally = Tally()
        self.looking = Looking(
            reader=self.reader,
            repeats=Repeats(key=bytes(16)),
            numbers=[NumberRule(symbology="EAN-13", prefix="29", length=13)],
            seal=lambda number: f"sealed:{len(number)}",
            spool=self.spool,
            clock=self.clock,
            tally=self.tally,
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
        counter.reader.read("EAN-13", NUMBER)
        await counter.reader.done()
    (scan,) = counter.scans
    assert (scan.kind, scan.sealed) == ("number", "sealed:13")
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
