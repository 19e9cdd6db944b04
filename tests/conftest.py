"""Settings that hold for every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Time is never judged in a test: a loaded machine is slow, not wrong.
settings.register_profile("shopbell", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shopbell")

pytest_plugins = [
    "tests.rigs.fake_bluez.fixture",
    "tests.rigs.real_bluez.fixture",
    "tests.rigs.broker_fixtures",
    "tests.rigs.postgres_fixtures",
]
