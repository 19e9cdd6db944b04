"""Two enrolments that may be one human."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.server.usecases.floor import DAY, NOW, Floor

if TYPE_CHECKING:
    from tests.server.usecases.floor import Someone


@pytest.fixture
def old(floor: Floor) -> Someone:
    return floor.enrol("old", 1, created_ms=NOW - 300 * DAY)


@pytest.fixture
def new(floor: Floor) -> Someone:
    return floor.enrol("new", 2)
