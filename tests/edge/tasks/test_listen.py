from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import pytest

from shopbell_edge.core.closing import LINGER_MS, Closing
from shopbell_edge.core.heartbeat_beacon import Beacon
from shopbell_edge.core.hours import Hours, spans
from shopbell_edge.core.measuring import Measuring
from shopbell_edge.core.roster import STAYS_AT_ONCE, Roster
from shopbell_edge.core.rules import Rules
from shopbell_edge.core.tally import Tally
from shopbell_edge.core.telling import ONLINE
from shopbell_edge.core.units import ScannerName
from shopbell_edge.ports import Health, RadioLostError
from shopbell_edge.tasks.listen import Listening
from shopbell_wire.messages import Presence, ScannerHealth
from tests.edge.core.advertisements import RETAILER, heard, ibeacon
from tests.edge.tasks.running import running
from tests.fakes.clock import FakeClock
from tests.fakes.radio import FakeRadio
from tests.fakes.spool import MemorySpool
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from shopbell_wire.messages import Event


BEACON = Beacon(uuid="0d1f6a52-3c84-4b7e-9f10-6b2c8e4d7a93", major=12, minor=1)
BEACON_ADVERT = heard(
    manufacturer_data={0x4C: bytes.fromhex("02150d1f6a523c844b7e9f106b2c8e4d7a93000c0001c5")}
)
TO_ONE = Hours(zone=UTC, week=[spans("09:00-13:00")] * 7)
HOUR_MS = 3_600_000


class Edge:
    """One radio of an edge, everything around it being in the test's hands."""

    def __init__(
        self,
        *,
        room: int = 10_000,
        most_tokens: int = 10_000,
        measuring: Measuring | None = None,
        closing: Closing | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.radio = FakeRadio()
        self.spool = MemorySpool(self.clock.now(), room=room)
        self.tally = Tally()
        self.rounds = 0
        roster = Roster(
            scanner=ScannerName("fake0"),
            retailer=RETAILER,
            rules=Rules(),
            most_tokens=most_tokens,
        )
        self.listening = Listening(
            self.radio,
            roster,
            self.spool,
            self.clock,
            self.tally,
            measuring=measuring,
            closing=closing,
        )

    async def run(self) -> None:
        await self.listening.run(lambda: True, ONLINE, self._alive)

    def _alive(self) -> None:
        self.rounds += 1

    @property
    def events(self) -> list[Event]:
        return [event for event, _ in self.spool.events.values()]

    @property
    def phases(self) -> list[str]:
        return [event.phase for event in self.events if isinstance(event, Presence)]

    @property
    def health(self) -> list[tuple[str, str]]:
        return [(e.state, e.reason) for e in self.events if isinstance(e, ScannerHealth)]

    async def hears_the_beacon(self, seconds: int) -> None:
        for _ in range(seconds):
            self.radio.play(BEACON_ADVERT)
            await self.radio.played()
            self.clock.forward(1_000)

    async def comes_in(self) -> None:
        for _ in range(3):
            self.radio.play(ibeacon())
            await self.radio.played()
            self.clock.forward(1_000)


async def test_who_comes_near_is_told_at_once() -> None:
    edge = Edge()
    async with running(edge.run()):
        await edge.comes_in()
        await until("told", lambda: edge.phases == ["entered"])
    assert edge.tally.events["presence"] == 1
    assert edge.tally.adverts["fake0"]()["ours"] == 3


async def test_strangers_leave_nothing_but_a_count() -> None:
    edge = Edge()
    async with running(edge.run()):
        edge.radio.play(*[heard(manufacturer_data={0x4C: b"\x10\x05abcde"})] * 50)
        await edge.radio.played()
        await until("told", lambda: edge.rounds > 0)
    assert edge.phases == []
    assert edge.tally.adverts["fake0"]()["not_ours"] == 50


async def test_what_the_radio_dropped_is_counted_with_the_rest() -> None:
    edge = Edge()
    edge.radio.dropped = {"not_ours": 7, "malformed_line": 2}
    async with running(edge.run()):
        edge.radio.play(heard(), ibeacon())
        await edge.radio.played()
    counts = edge.tally.adverts["fake0"]()
    assert (counts["not_ours"], counts["malformed_line"], counts["ours"]) == (8, 2, 1)


async def test_a_flood_of_tokens_is_counted_where_somebody_looks() -> None:
    edge = Edge(most_tokens=10)
    async with running(edge.run()):
        edge.radio.play(*[ibeacon(number) for number in range(30)])
        await edge.radio.played()
    assert edge.tally.dropped["token_pushed_out"] == 20


async def test_a_flood_of_stays_is_counted_where_somebody_looks() -> None:
    edge = Edge()
    tokens = range(STAYS_AT_ONCE + 7)
    async with running(edge.run()):
        for _ in range(Rules().enter_sightings):
            edge.radio.play(*[ibeacon(number) for number in tokens])
            await edge.radio.played()
    assert edge.tally.dropped["token_held_back"] == 7


async def test_a_silence_that_is_found_out_late_is_no_absence() -> None:
    edge = Edge()
    async with running(edge.run()):
        await edge.comes_in()
        await until("told", lambda: edge.phases == ["entered"])
        edge.clock.forward(120_000)
        edge.radio.play(Health(state="blind", reason="silent", for_ms=115_000))
        await edge.radio.played()
        edge.clock.forward(600_000)
        edge.radio.play(Health(state="hearing", reason="scanning"))
        await edge.radio.played()
        edge.clock.forward(100_000)
        rounds = edge.rounds
        await until("looked", lambda: edge.rounds > rounds + 1)
    blind = [e for e in edge.events if isinstance(e, ScannerHealth) and e.state == "blind"]
    assert [e.since_ms for e in blind] == [edge.clock.now().wall_ms - 100_000 - 600_000 - 115_000]
    assert "left" not in edge.phases


async def test_leaving_is_told_by_time_alone() -> None:
    edge = Edge()
    async with running(edge.run()):
        await edge.comes_in()
        await until("told", lambda: edge.phases == ["entered"])
        edge.clock.forward(180_000)
        await until("told", lambda: edge.phases[-1:] == ["left"])


async def test_nobody_leaves_while_the_radio_is_blind_and_the_server_is_told() -> None:
    edge = Edge()
    async with running(edge.run()):
        await edge.comes_in()
        await until("told", lambda: edge.phases == ["entered"])
        edge.radio.play(Health(state="blind", reason="adapter_gone"))
        await edge.radio.played()
        edge.clock.forward(600_000)
        await until("told", lambda: edge.rounds > 3)
        edge.radio.play(Health(state="hearing", reason="scanning"))
        await edge.radio.played()
        await until(
            "told", lambda: len([e for e in edge.events if isinstance(e, ScannerHealth)]) == 3
        )
    assert "left" not in edge.phases
    states = [
        (event.state, event.reason, event.coverage)
        for event in edge.events
        if isinstance(event, ScannerHealth)
    ]
    assert [(state, reason) for state, reason, _ in states] == [
        ("hearing", "playing"),
        ("blind", "adapter_gone"),
        ("hearing", "scanning"),
    ]
    assert states[-1][2] < 0.01, "for ten minutes it could not hear"


async def test_a_new_reason_for_the_same_state_is_no_news_for_the_server() -> None:
    edge = Edge()
    async with running(edge.run()):
        edge.radio.play(
            Health(state="blind", reason="no_adapter"), Health(state="blind", reason="no_bus")
        )
        await edge.radio.played()
        await until("told", lambda: edge.rounds > 1)
    assert [e.reason for e in edge.events if isinstance(e, ScannerHealth)] == [
        "playing",
        "no_adapter",
    ]
    assert edge.tally.hearing["fake0"] == ("blind", "no_bus")


async def test_what_was_not_told_is_told_at_the_end() -> None:
    edge = Edge()
    async with running(edge.run()):
        await edge.comes_in()
        await until("told", lambda: edge.phases == ["entered"])
        edge.radio.play(ibeacon())
        await edge.radio.played()
    assert edge.phases == ["entered", "present"]


async def test_a_radio_that_is_lost_ends_the_task_and_loses_nothing() -> None:
    edge = Edge()
    edge.radio.play(ibeacon(), ibeacon(), ibeacon(), RadioLostError("gone"))
    with pytest.RaisesGroup(RadioLostError):
        await edge.run()
    assert edge.phases == ["entered"]


async def test_a_full_spool_is_counted() -> None:
    edge = Edge(room=0)
    async with running(edge.run()):
        await edge.comes_in()
        await until("told", lambda: edge.tally.dropped["spool_full"] > 0)
    assert edge.events == []


def measuring() -> Measuring:
    return Measuring(BEACON, interval_ms=1_000, duty=1.0)


async def test_the_beacon_is_nobody_who_came_in() -> None:
    edge = Edge(measuring=measuring())
    async with running(edge.run()):
        await edge.hears_the_beacon(100)
        await until("measured", lambda: "fake0" in edge.tally.receptions)
    assert edge.phases == []
    assert edge.tally.adverts["fake0"]() == {"heartbeat": 100}
    reception = edge.tally.receptions["fake0"]
    assert (reception.fault, reception.share > 0.9) == (None, True)
    assert edge.radio.mended == []


async def test_silence_of_the_beacon_is_blindness_and_its_return_the_end_of_it() -> None:
    edge = Edge(measuring=measuring())
    async with running(edge.run()):
        await edge.hears_the_beacon(60)
        await edge.comes_in()
        await edge.hears_the_beacon(10)
        silent_ms = edge.clock.now().wall_ms - 1_000  # from its last sighting on
        edge.clock.forward(59_000)
        await until("mended", lambda: edge.radio.mended == [("heartbeat_unheard", 1)])
        edge.radio.play(
            Health(state="blind", reason="heartbeat_unheard"),
            Health(state="hearing", reason="scanning"),
        )
        await edge.radio.played()
        edge.clock.forward(600_000)
        await until("mended", lambda: ("heartbeat_unheard", 2) in edge.radio.mended)
        edge.radio.play(
            Health(state="blind", reason="heartbeat_unheard"),
            Health(state="hearing", reason="scanning"),
        )
        await edge.radio.played()
        await edge.hears_the_beacon(2)
        assert edge.tally.hearing["fake0"] == ("blind", "heartbeat_unheard")
        await edge.hears_the_beacon(1)
        assert edge.tally.hearing["fake0"] == ("hearing", "scanning")
        rounds = edge.rounds
        await until("looked", lambda: edge.rounds > rounds + 1)
    assert "left" not in edge.phases
    assert edge.health == [
        ("hearing", "playing"),
        ("blind", "heartbeat_unheard"),
        ("hearing", "scanning"),
    ]
    blind = [e for e in edge.events if isinstance(e, ScannerHealth)][1]
    assert blind.since_ms == silent_ms


async def test_what_is_withheld_freezes_and_what_is_only_bad_does_not() -> None:
    edge = Edge(measuring=Measuring(BEACON, interval_ms=100, duty=1.0))
    async with running(edge.run()):
        await edge.hears_the_beacon(60)  # a tenth of what it sends
        await until("known", lambda: edge.tally.hearing["fake0"] == ("hearing", "low_duty"))
        await edge.comes_in()
        edge.clock.forward(1_000)
        await edge.hears_the_beacon(182)
        await until("she left", lambda: edge.phases[-1:] == ["left"])
    assert edge.health == [("hearing", "playing")], "no news for the server"


@pytest.mark.parametrize("longest_gap_ms", [0.0, 25_800.0], ids=["frozen", "told"])
async def test_with_a_stuck_duplicate_filter_who_left_is_told_while_gaps_are_short_enough(
    longest_gap_ms: float,
) -> None:
    known = Measuring(BEACON, interval_ms=1_000, duty=1.0, longest_gap_ms=longest_gap_ms)
    edge = Edge(measuring=known)
    async with running(edge.run()):
        await edge.comes_in()
        await until("told", lambda: edge.phases == ["entered"])
        for _ in range(40):
            await edge.hears_the_beacon(1)
            edge.clock.forward(14_000)
        await until("known", lambda: edge.tally.hearing["fake0"] == ("suspect", "duplicate_filter"))
        rounds = edge.rounds
        for _ in range(20):
            await edge.hears_the_beacon(1)
            edge.clock.forward(14_000)
        await until("looked", lambda: edge.rounds > rounds + 1)
    assert edge.phases == (["entered", "left"] if longest_gap_ms else ["entered"])
    assert edge.health == [("hearing", "playing"), ("suspect", "duplicate_filter")]


async def test_when_the_store_closes_who_is_here_leaves_and_the_radio_sleeps() -> None:
    edge = Edge(closing=Closing(TO_ONE, sleeps=True))
    async with running(edge.run()):
        await edge.comes_in()
        await until("told", lambda: edge.phases == ["entered"])
        edge.clock.forward(HOUR_MS)
        await until("asleep", lambda: not edge.radio.listening)
        await until("told", lambda: edge.health[-1] == ("blind", "closed"))
        reasons = [e.reason for e in edge.events if isinstance(e, Presence)]
        assert reasons[-1] == "unheard 180 s"
        assert edge.tally.adverts["fake0"]()["ours"] == 3
        edge.clock.forward(20 * HOUR_MS)
        await until("awake", lambda: edge.radio.listening)
        await until("told", lambda: edge.health[-1] == ("hearing", "playing"))
    assert edge.phases.count("left") == 1


async def test_whoever_is_still_here_an_hour_after_closing_is_told_to_have_left() -> None:
    edge = Edge(closing=Closing(TO_ONE, sleeps=True))
    async with running(edge.run()):
        await edge.comes_in()
        edge.radio.play(Health(state="blind", reason="no_adapter"))  # nobody leaves by silence
        await edge.radio.played()
        edge.clock.forward(HOUR_MS)
        rounds = edge.rounds
        await until("looked", lambda: edge.rounds > rounds + 1)
        assert edge.radio.listening
        edge.clock.forward(LINGER_MS)
        await until("told", lambda: edge.phases[-1:] == ["left"])
        await until("told", lambda: edge.health[-1] == ("blind", "closed"))
    (left,) = [e for e in edge.events if isinstance(e, Presence) and e.phase == "left"]
    assert left.reason == "closed"


async def test_a_radio_that_is_to_go_on_goes_on() -> None:
    closing = Closing(TO_ONE)
    edge = Edge(closing=closing)
    async with running(edge.run()):
        edge.clock.forward(HOUR_MS)
        await until("unjudged", lambda: not closing.judged)
        assert edge.radio.listening
        await edge.comes_in()
        await until("told", lambda: edge.phases == ["entered"])


async def test_a_process_that_starts_at_night_sleeps_from_the_beginning() -> None:
    edge = Edge(closing=Closing(TO_ONE, sleeps=True))
    edge.clock.forward(HOUR_MS)
    async with running(edge.run()):
        await until("told", lambda: edge.health == [("blind", "closed")])
        assert not edge.radio.listening
        edge.clock.sync("unsynced")
        await until("who does not know the time listens", lambda: edge.radio.listening)
