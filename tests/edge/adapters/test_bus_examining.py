"""What a doctor asks the bus, of the fake BlueZ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_edge.adapters.ble.examining import BusSeen, bus_seen, has_management
from tests.rigs.fake_bluez.bus import system_bus_at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rigs.fake_bluez.client import FakeBluez


async def test_adapters_are_there_on_or_off(each_bluez: FakeBluez) -> None:
    await each_bluez.plug("hci1")
    await each_bluez.power("hci1", on=False)
    assert await bus_seen(["hci0", "hci1", "hci2"]) == BusSeen(
        bus="there", experimental=False, powered={"hci0": True, "hci1": False}
    )
    assert await bus_seen(["hci7"]) == BusSeen(bus="there", experimental=None, powered={})


async def test_nothing_is_scanned_or_switched(bluez: FakeBluez) -> None:
    await bus_seen(["hci0"])
    await bluez.idle()
    assert (await bluez.counts()) == {"restarts": 0, "power_cycles": 0}


async def test_a_bluetoothd_that_is_away(bluez: FakeBluez) -> None:
    await bluez.stop()
    assert (await bus_seen(["hci0"])).bus == "no_bluetoothd"


async def test_a_bus_that_is_not_there(tmp_path: Path) -> None:
    with system_bus_at(f"unix:path={tmp_path}/none"):
        assert (await bus_seen(["hci0"])).bus == "no_bus"


def test_whether_there_are_management_sockets_can_be_asked() -> None:
    assert has_management() in {True, False}
