"""Fixtures: one PostgreSQL for all tests, a database for each. A plugin of tests/conftest.py."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest

from shopbell_server.db import migrate
from tests.rigs.postgres import PostgresMissingError, PostgresServer

if TYPE_CHECKING:
    from collections.abc import Iterator

_MIGRATED = "migrated"

_numbers = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Share one server between all tests: who kills it starts it again."""
    try:
        server = PostgresServer().__enter__()
    except PostgresMissingError as missing:
        pytest.skip(str(missing))
    try:
        migrate.upgrade(server.create(_MIGRATED))
        yield server
    finally:
        server.__exit__()


@pytest.fixture
def empty_postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """Give a test a database of its own, without a table."""
    name = f"test_{next(_numbers)}"
    yield postgres.create(name)
    postgres.drop(name)


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """Give a test a database of its own, with all tables and no rows."""
    name = f"test_{next(_numbers)}"
    yield postgres.create(name, template=_MIGRATED)
    postgres.drop(name)
