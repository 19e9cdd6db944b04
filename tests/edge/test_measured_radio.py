"""A radio of the daemon, put together from settings with a heartbeat beacon, before a fake BlueZ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from shopbell_edge.assembly import Crew
from shopbell_edge.core.reception import LIKELY
from shopbell_edge.core.restraint import Restraint
from shopbell_edge.core.tally import Tally
from shopbell_edge.tasks.pulses import Pulses
from shopbell_wire.messages import Presence, ScannerHealth
from tests.edge.beaconed import BEACON, beaconed
from tests.edge.tasks.running import running
from tests.fakes.clock import FakeClock
from tests.fakes.spool import MemorySpool
from tests.fakes.uplink import FakeUplink
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from shopbell_edge.config.tables import Settings
    from tests.rigs.fake_bluez.client import FakeBluez

ADDRESS: Final = "C0:FF:EE:00:00:01"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return beaconed(tmp_path)


async def test_a_dead_band_makes_it_suspect_until_it_is_mended(
    settings: Settings, bluez: FakeBluez
) -> None:
    clock, tally = FakeClock(), Tally()
    spool = MemorySpool(clock.now())
    crew = Crew(
        settings=settings,
        seal=lambda number: number,
        spool=spool,
        uplink=FakeUplink(),
        clock=clock,
        pulses=Pulses(clock, ["hci0"]),
        tally=tally,
        restraint=Restraint(),
    )

    def beacons() -> int:
        return tally.adverts["hci0"]().get("heartbeat", 0)

    def states() -> list[str]:
        told = [event for event, _ in spool.events.values()]
        return [event.state for event in told if isinstance(event, ScannerHealth)]

    async with running(crew.scanners()["hci0"].run()):
        await until("it hears", lambda: states() == ["hearing"])
        for rssi_dbm in [-60, -70] * 6:
            clock.forward(1_000)
            await bluez.inject(BEACON, ADDRESS, rssi_dbm)
        await until("all", lambda: beacons() == 12)
        clock.forward(30_000)
        await until("suspect", lambda: tally.hearing["hci0"] == ("suspect", "dead_band"))

        async def heard_often() -> bool:
            clock.forward(1_000)
            await bluez.inject(BEACON, ADDRESS, -60)
            return beacons() >= 12 + LIKELY + 5

        await until("the new scan hears", heard_often)
        clock.forward(30_000)
        await until("told", lambda: states() == ["hearing", "suspect", "hearing"])
    events = [event for event, _ in spool.events.values()]
    assert not [event for event in events if isinstance(event, Presence)], "it is no customer"
    assert [event.reason for event in events if isinstance(event, ScannerHealth)][:2] == [
        "scanning",
        "dead_band",
    ]
