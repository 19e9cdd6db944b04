"""A radio of the daemon, put together from settings with opening hours, before a fake BlueZ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_edge.assembly import Crew
from shopbell_edge.config.reading import read_settings
from shopbell_edge.core.liveness import BeatRules
from shopbell_edge.core.restraint import Restraint
from shopbell_edge.core.tally import Tally
from shopbell_edge.tasks.pulses import Pulses
from shopbell_wire.messages import ScannerHealth
from tests.edge.tasks.running import running
from tests.fakes.clock import FakeClock
from tests.fakes.spool import MemorySpool
from tests.fakes.uplink import FakeUplink
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rigs.fake_bluez.client import FakeBluez

HOUR_MS: Final = 3_600_000

SETTINGS: Final = """
tenant = "acme"
edge = "door"
[broker]
host = "127.0.0.1"
[retailer]
uuid = "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"
prefix = "5bb0e111"
[hours]
zone = "UTC"
saturday = "09:00-13:00"
sunday = "09:00-13:00"
radio = "{radio}"
[[radios]]
kind = "bluetooth"
hear = "bleak"
silent_s = 2.0
"""
"""The clock of these tests begins on a Saturday at noon."""


def a_crew(folder: Path, clock: FakeClock, spool: MemorySpool, radio: str) -> Crew:
    path = folder / "edge.toml"
    path.write_text(SETTINGS.format(radio=radio))
    return Crew(
        settings=read_settings(path),
        seal=lambda number: number,
        spool=spool,
        uplink=FakeUplink(),
        clock=clock,
        pulses=Pulses(clock, ["hci0"]),
        tally=Tally(),
        restraint=Restraint(),
    )


def states(spool: MemorySpool) -> list[tuple[str, str]]:
    told = [event for event, _ in spool.events.values()]
    return [(each.state, each.reason) for each in told if isinstance(each, ScannerHealth)]


async def test_outside_the_stores_hours_nobody_scans(tmp_path: Path, bluez: FakeBluez) -> None:
    clock = FakeClock()
    spool = MemorySpool(clock.now())
    crew = a_crew(tmp_path, clock, spool, "off")
    async with running(crew.scanners()["hci0"].run()):
        await bluez.scanning()
        clock.forward(2 * HOUR_MS)
        await bluez.idle()
        await until("told", lambda: states(spool)[-1] == ("blind", "closed"))
        await until("asleep is not hung", lambda: crew.pulses.stalled(BeatRules()) == ())
        clock.forward(19 * HOUR_MS)
        await bluez.scanning()
        await until("told", lambda: states(spool)[-1] == ("hearing", "scanning"))


async def test_a_radio_that_is_to_go_on_scans_by_night_and_its_silence_is_no_fault(
    tmp_path: Path, bluez: FakeBluez
) -> None:
    clock = FakeClock()
    clock.forward(2 * HOUR_MS)
    spool = MemorySpool(clock.now())
    crew = a_crew(tmp_path, clock, spool, "on")
    async with running(crew.scanners()["hci0"].run()):
        await bluez.scanning()
        for _ in range(5):  # rounds of a second, each seen by its pulse
            clock.forward(60_000)
            await until("it goes round", lambda: crew.pulses.stalled(BeatRules()) == ())
        await bluez.scanning()
        assert states(spool) == [("hearing", "scanning")]
        clock.forward(19 * HOUR_MS)
        await until("by day it is one", lambda: ("blind", "silent") in states(spool))
