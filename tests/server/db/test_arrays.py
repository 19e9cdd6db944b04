"""What PostgreSQL reads in the text of an array is what was written."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import Boolean, Column, Double, select

from shopbell_server.db.arrays import rows_of, writer
from shopbell_server.db.columns import bytes_column, number_column, text_column
from shopbell_server.db.engine import open_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

COLUMNS: list[Column[Any]] = [
    text_column("words", nullable=True),
    number_column("number", nullable=True),
    bytes_column("bytes"),
    Column("true", Boolean, nullable=False),
    Column("fraction", Double, nullable=True),
]
TEXTS = some.one_of(
    some.none(),
    some.sampled_from(
        ["", "NULL", "null", '"', "\\", '\\"', "{}", "a,b", " ", "'", "\n", "%s", ":x"]
    ),
    some.text(some.characters(exclude_characters="\0", exclude_categories=["Cs"])),
)
ROWS = some.lists(
    some.tuples(
        TEXTS,
        some.none() | some.integers(-(2**63), 2**63 - 1),
        some.binary(),
        some.booleans(),
        some.none() | some.floats(allow_nan=False),
    ),
    min_size=1,
)


@pytest.fixture
def connection(postgres_url: str) -> Iterator[Connection]:
    engine = open_engine(postgres_url)
    with closing(engine.connect()) as connection:
        yield connection
    engine.dispose()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_rows_come_as_they_were_written(
    connection: Connection, rows: list[tuple[Any, ...]]
) -> None:
    values = {
        f"all_{column.name}": writer(column)(of_all)
        for column, of_all in zip(COLUMNS, zip(*rows, strict=True), strict=True)
    }
    assert connection.execute(select(*rows_of(COLUMNS).c), values).all() == rows
