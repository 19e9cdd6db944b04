"""Everything that a database holds, as text: what must not be in it is searched there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from shopbell_server.db.tables import BATCHES
from tests.fakes.server import MemoryDatabase
from tests.rigs.postgres import as_superuser

if TYPE_CHECKING:
    from collections.abc import Container

    from shopbell_server.core.ids import PersonId
    from shopbell_server.ports.database import Database


def everything_in(database: Database, url: str | None, but: Container[str] = ()) -> str:
    """Return the rows of all tables; without some of them. `url`: where it is, if not in memory."""
    if isinstance(database, MemoryDatabase):
        tables = database.take(writes=False)
        return repr({name: getattr(tables, name) for name in tables.__slots__ if name not in but})
    assert url is not None
    address = as_superuser(url).replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(address, poolclass=NullPool)
    with engine.connect() as connection:
        return repr(
            {
                table.name: connection.execute(text(f"SELECT * FROM {table.name}")).all()  # noqa: S608  (our own names)
                for table in BATCHES.metadata.sorted_tables
                if table.name not in but
            }
        )


def is_named(person: PersonId, rows: str) -> bool:
    """Return whether somebody stands in rows by herself, and not by chance within what is sealed."""
    return re.search(rf"(?<![\w+/=-]){re.escape(person)}(?![\w+/=-])", rows) is not None
