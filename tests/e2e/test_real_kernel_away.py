"""A store whose bluetoothd is away for ten minutes: a real kernel and a real bluetoothd."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from shopbell_edge.adapters.clock import system_clock
from shopbell_edge.core.recovery import Recovery
from tests.fakes.clock import FakeClock
from tests.rigs.bluetooth_away import forwarded, nobody_leaves, ten_minutes
from tests.rigs.ears import NEAR_DBM, PHONE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shopbell_edge.ports import EdgeClock
    from tests.rigs.real_bluez.client import RealBluez

ADDRESS: Final = "C0:FF:EE:00:07:00"


async def away(
    real_bluez: RealBluez,
    clock: EdgeClock,
    pass_time: Callable[[], Awaitable[object]],
    recovery: Recovery | None = None,
) -> None:
    async with real_bluez.controller() as (controller, adapter):

        async def start() -> None:
            await real_bluez.start_bluetoothd()
            assert await real_bluez.adapter_of(controller) == adapter

        await nobody_leaves(
            adapter,
            clock,
            advertise=lambda: controller.receive(PHONE, ADDRESS, NEAR_DBM),
            stop=real_bluez.kill_bluetoothd,
            pass_time=pass_time,
            start=start,
            recovery=recovery,
        )


@pytest.mark.timeout(300)  # the first test waits for the build and boot of the guest
async def test_removing_bluetoothd_for_ten_minutes_makes_nobody_leave(
    real_bluez: RealBluez,
) -> None:
    clock = FakeClock()
    await away(real_bluez, clock, forwarded(clock))


@pytest.mark.faults
@pytest.mark.timeout(1_000)  # ten minutes, and the guest
async def test_ten_minutes_by_the_wall_make_nobody_leave(real_bluez: RealBluez) -> None:
    """As the daemon is delivered: its own clock, its own patience."""
    clock = system_clock("system", err_ms=100)
    await away(real_bluez, clock, ten_minutes, Recovery())
