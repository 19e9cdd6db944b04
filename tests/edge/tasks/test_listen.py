from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_edge.core.roster import Roster
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


class Edge:
    """One radio of an edge, everything around it being in the test's hands."""

    def __init__(self, *, room: int = 10_000, most_tokens: int = 10_000) -> None:
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
        self.listening = Listening(self.radio, roster, self.spool, self.clock, self.tally)

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
