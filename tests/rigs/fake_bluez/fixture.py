"""The fake BlueZ as pytest fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rigs.fake_bluez.bus import missing, system_bus_at
from tests.rigs.fake_bluez.client import FakeBluez, fake_bluez
from tests.rigs.fake_bluez.profiles import PROFILES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture(params=PROFILES)
async def each_bluez(request: pytest.FixtureRequest) -> AsyncIterator[FakeBluez]:
    """Run the fake bluetoothd of each version, with the adapter hci0, as the system bus of this process."""
    _skip_unless_possible()
    async with fake_bluez(request.param) as fake:
        with system_bus_at(fake.address):
            yield fake


@pytest.fixture
async def bluez() -> AsyncIterator[FakeBluez]:
    """Run the newest fake bluetoothd, with the adapter hci0, as the system bus of this process."""
    _skip_unless_possible()
    async with fake_bluez() as fake:
        with system_bus_at(fake.address):
            yield fake


def _skip_unless_possible() -> None:
    if why := missing():
        pytest.skip(why)
