"""The real BlueZ as pytest fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rigs.fake_bluez.bus import system_bus_at
from tests.rigs.real_bluez.build import appliance, missing
from tests.rigs.real_bluez.client import RealBluez
from tests.rigs.real_bluez.machine import Machine, booted

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def real_machine() -> Iterator[Machine]:
    """Boot the guest once for all tests that want it."""
    if why := missing():
        pytest.skip(f"no real BlueZ: {why}")
    with booted(appliance()) as machine:
        yield machine


@pytest.fixture
def real_bluez(real_machine: Machine) -> Iterator[RealBluez]:
    """Make the guest's bus the system bus of this process."""
    with system_bus_at(real_machine.bus_address):
        yield RealBluez(real_machine)
