"""The same chain on a real kernel and a real bluetoothd: advertisements are HCI reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.walk import through_the_chain
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from tests.e2e.shop import Shop
    from tests.rigs.real_bluez.client import RealBluez
    from tests.rigs.real_bluez.controller import VirtualController

pytestmark = pytest.mark.timeout(300)  # the first test waits for the build and boot of the guest


class RealAir:
    """What a virtual controller receives."""

    def __init__(self, controller: VirtualController) -> None:
        self._controller = controller

    async def send(self, ad: bytes, address: str, rssi_dbm: int) -> None:
        await self._controller.receive(ad, address, rssi_dbm, kind="phone")


async def test_three_frames_reach_the_board_and_the_cdp_through_a_real_kernel(
    real_bluez: RealBluez, shop: Shop
) -> None:
    async with real_bluez.controller() as (controller, adapter):
        await shop.start_edge("door", adapter)
        await until("a scan", lambda: controller.scanning)
        await through_the_chain(shop, RealAir(controller))
