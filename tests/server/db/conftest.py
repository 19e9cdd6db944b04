"""Every database there is: what a test asks of one it asks of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import TenantId
from shopbell_server.db import migrate
from shopbell_server.db.unit_of_work import SqlDatabase
from tests.fakes.server import MemoryDatabase

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shopbell_server.ports import Database, UnitOfWork

TENANT = TenantId("acme")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of a database that has all tables."""
    if request.param == "postgresql":
        address: str = request.getfixturevalue("postgres_url")
        return address
    address = f"sqlite:///{tmp_path}/shop.db"
    migrate.upgrade(address)
    return address


@pytest.fixture
def sql(url: str) -> Iterator[SqlDatabase]:
    database = SqlDatabase(url, TENANT)
    yield database
    database.close()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "memory":
        yield MemoryDatabase()
        return
    if request.param == "postgresql":
        address = request.getfixturevalue("postgres_url")
    else:
        address = f"sqlite:///{tmp_path}/shop.db"
        migrate.upgrade(address)
    real = SqlDatabase(address, TENANT)
    yield real
    real.close()


@pytest.fixture
def work(database: Database) -> Iterator[UnitOfWork]:
    """Begin a unit of work that may write, and is never committed."""
    with database.begin() as unit:
        yield unit


@pytest.fixture
def sql_work(sql: SqlDatabase) -> Iterator[UnitOfWork]:
    """Do the same with the real databases alone."""
    with sql.begin() as unit:
        yield unit
