"""Settings that hold for every test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterable

# Time is never judged in a test: a loaded machine is slow, not wrong.
settings.register_profile("shopbell", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shopbell")

pytest_plugins = [
    "tests.rigs.fake_bluez.fixture",
    "tests.rigs.real_bluez.fixture",
    "tests.rigs.broker_fixtures",
    "tests.rigs.postgres_fixtures",
]


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in a hook of the same name
def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Give every module to one worker, and all that need the virtual machine to the same one."""
    for item in items:
        needs_machine = "real_machine" in getattr(item, "fixturenames", ())
        group = "real_machine" if needs_machine else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))
