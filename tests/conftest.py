"""Settings that hold for every test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # ships no types

from tests.rigs.dealing import dealt

if TYPE_CHECKING:
    import pytest
    from xdist.remote import Producer  # type: ignore[import-untyped]  # as above

# Time is never judged in a test: a loaded machine is slow, not wrong.
settings.register_profile("shopbell", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shopbell")

pytest_plugins = [
    "tests.rigs.fake_bluez.fixture",
    "tests.rigs.real_bluez.fixture",
    "tests.rigs.broker_fixtures",
    "tests.rigs.openbao_fixtures",
    "tests.rigs.postgres_fixtures",
    "tests.rigs.sqlite_fixtures",
]


class ByModule(LoadScopeScheduling):  # type: ignore[misc]  # as above
    """Gives every module to one worker, and all that need the virtual machine to the same one."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return "real kernel" if "real_kernel" in module else module


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order the modules for workers; whoever runs tests in one process has them as they are named."""
    if not hasattr(config, "workerinput"):
        return
    modules: dict[str, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.nodeid.partition("::")[0], []).append(item)
    items[:] = [item for module in dealt(list(modules)) for item in modules[module]]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByModule:
    return ByModule(config, log)
