"""A floor on every kind of database: what a test asks of one it asks of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import TenantId
from shopbell_server.db import migrate
from tests.fakes.server import MemoryDatabase
from tests.rigs.databases import open_sql
from tests.server.usecases.floor import Floor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TENANT = TenantId("acme")


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def floor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Floor]:
    if request.param == "memory":
        yield Floor(MemoryDatabase())
        return
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    else:
        url = f"sqlite:///{tmp_path}/shop.db"
        migrate.upgrade(url)
    database = open_sql(url, TENANT)
    yield Floor(database, url)
    database.close()
