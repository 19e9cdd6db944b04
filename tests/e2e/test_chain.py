"""A phone's advertisement becomes a row on the board and an event at the CDP, through everything we have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.walk import through_the_chain

if TYPE_CHECKING:
    from tests.e2e.conftest import FakeAir
    from tests.e2e.shop import Shop

pytestmark = pytest.mark.timeout(180)  # a broker, a server, edges and a browser start first


async def test_three_frames_reach_the_board_and_the_cdp_and_end(
    each_shop: Shop, air: FakeAir
) -> None:
    await each_shop.start_edge("door", "hci0")
    await air.bluez.scanning()
    await through_the_chain(each_shop, air)
