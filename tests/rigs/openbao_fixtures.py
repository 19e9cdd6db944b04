"""Fixture: one OpenBao for all tests. A plugin of tests/conftest.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rigs.openbao import OpenBaoMissingError, OpenBaoServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def openbao() -> Iterator[OpenBaoServer]:
    """Share one server between all tests: each has a tenant of its own."""
    try:
        server = OpenBaoServer().__enter__()
    except OpenBaoMissingError as missing:
        pytest.skip(str(missing))
    try:
        yield server
    finally:
        server.__exit__()
