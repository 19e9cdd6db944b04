"""A floor on every kind of database: what a test asks of one it asks of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.server import MemoryDatabase
from tests.rigs.databases import open_sql
from tests.server.conftest import SQL, TENANT
from tests.server.usecases.floor import Floor

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["memory", *SQL])
def floor(request: pytest.FixtureRequest) -> Iterator[Floor]:
    if request.param == "memory":
        yield Floor(MemoryDatabase())
        return
    url = request.getfixturevalue(SQL[request.param])
    database = open_sql(url, TENANT)
    yield Floor(database, url)
    database.close()
