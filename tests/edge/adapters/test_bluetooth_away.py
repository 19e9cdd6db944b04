"""A store whose bluetoothd is away for ten minutes, on a real message bus with a fake BlueZ behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.fakes.clock import FakeClock
from tests.rigs.bluetooth_away import forwarded, nobody_leaves
from tests.rigs.ears import NEAR_DBM, PHONE

if TYPE_CHECKING:
    from tests.rigs.fake_bluez.client import FakeBluez

ADDRESS: Final = "C0:FF:EE:00:00:01"


async def test_removing_bluetoothd_for_ten_minutes_makes_nobody_leave(
    each_bluez: FakeBluez,
) -> None:
    clock = FakeClock()
    await nobody_leaves(
        "hci0",
        clock,
        advertise=lambda: each_bluez.inject(PHONE, ADDRESS, NEAR_DBM),
        stop=each_bluez.stop,
        pass_time=forwarded(clock),
        start=each_bluez.start,
    )


async def test_unplugging_the_adapter_for_ten_minutes_makes_nobody_leave(bluez: FakeBluez) -> None:
    clock = FakeClock()
    await nobody_leaves(
        "hci0",
        clock,
        advertise=lambda: bluez.inject(PHONE, ADDRESS, NEAR_DBM),
        stop=lambda: bluez.unplug("hci0"),
        pass_time=forwarded(clock),
        start=lambda: bluez.plug("hci0"),
    )
