"""Every database there is: what a test asks of one it asks of all."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

import pytest

from shopbell_server.core.ids import TenantId
from tests.fakes.server import MemoryDatabase
from tests.rigs.databases import open_sql

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shopbell_server.db.unit_of_work import SqlDatabase
    from shopbell_server.ports.database import Database, UnitOfWork

TENANT: Final = TenantId("acme")

SQL: Final = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}
"""The databases of a shop, and the fixture that gives the address of one with all tables and no rows."""


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'shop.db')}"


@pytest.fixture(params=SQL)
def url(request: pytest.FixtureRequest) -> str:
    address: str = request.getfixturevalue(SQL[request.param])
    return address


@pytest.fixture
def sql(url: str) -> Iterator[SqlDatabase]:
    database = open_sql(url, TENANT)
    yield database
    database.close()


@pytest.fixture(params=["memory", *SQL])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    if request.param == "memory":
        yield MemoryDatabase()
        return
    real = open_sql(request.getfixturevalue(SQL[request.param]), TENANT)
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
