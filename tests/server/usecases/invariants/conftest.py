"""Every kind of database, made as often as an example needs a new one."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shopbell_server.db.unit_of_work import SqlDatabase
from tests.fakes.keys import boxes_at
from tests.fakes.server import MemoryDatabase
from tests.rigs.databases import open_sql
from tests.rigs.postgres import MEMORY
from tests.server.conftest import SQL, TENANT
from tests.server.usecases.invariants.worlds import Worlds, enrol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_server.ports.database import Database
    from tests.rigs.postgres import PostgresServer

FEW, MANY = 12, 200
"""Examples of one world, where they are few or many: to enrol a thousand people takes seconds."""

_PEOPLED = "peopled"
_numbers = count(1)


@pytest.fixture(params=["memory", *SQL])
def worlds(request: pytest.FixtureRequest) -> Iterator[Worlds]:
    how = {"memory": _in_memory, "sqlite": _in_sqlite, "postgresql": _in_postgresql}[request.param]
    examples = FEW if request.node.get_closest_marker("faults") is None else MANY
    yield from how(request, examples)


def _in_memory(_: pytest.FixtureRequest, examples: int) -> Iterator[Worlds]:
    @contextmanager
    def opened() -> Iterator[Database]:
        database = MemoryDatabase()
        enrol(database, examples)
        yield database

    with closing(Worlds(opened, examples)) as worlds:
        yield worlds


def _in_sqlite(request: pytest.FixtureRequest, examples: int) -> Iterator[Worlds]:
    migrated: Path = request.getfixturevalue("migrated_file")
    # Ten thousand examples commit fifty thousand times: where there is no disk to wait for.
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        peopled = shutil.copy(migrated, Path(folder) / "peopled.db")
        url = f"sqlite:///{peopled}"
        with closing(open_sql(url, TENANT)) as database:
            enrol(database, examples)

        @contextmanager
        def opened() -> Iterator[Database]:
            file = Path(shutil.copy(peopled, Path(folder) / f"{next(_numbers)}.db"))
            with closing(SqlDatabase(f"sqlite:///{file}", TENANT, boxes_at(url, TENANT))) as copy:
                yield copy
            file.unlink()

        with closing(Worlds(opened, examples)) as worlds:
            yield worlds


def _in_postgresql(request: pytest.FixtureRequest, examples: int) -> Iterator[Worlds]:
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.create(_PEOPLED, template="migrated")
    with closing(open_sql(url, TENANT)) as database:
        enrol(database, examples)

    @contextmanager
    def opened() -> Iterator[Database]:
        name = f"world_{next(_numbers)}"
        address = server.create(name, template=_PEOPLED)
        with closing(SqlDatabase(address, TENANT, boxes_at(url, TENANT))) as copy:
            yield copy
        server.drop(name)

    with closing(Worlds(opened, examples)) as worlds:
        yield worlds
    server.drop(_PEOPLED)
