"""The table of what was heard, report by report.

Owns: as `tables`, of which this is a part.
Never: its partitions: PostgreSQL has one for each hour (`observation_shelves`), SQLite one table.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, Column, Double, Table

from shopbell_server.db.columns import METADATA, key, number_column, text_columns

OBSERVATIONS: Final = Table(
    "observations",
    METADATA,
    # In the order of `core.observations.Observation`.
    *text_columns("tenant", "person", "store", "edge", "scanner", "carrier"),
    number_column("at_ms"),
    Column("loss_db", Double, nullable=False),
    number_column("n"),
    # By person and time: all of a stay is asked for. No index by time alone: old ones go by partitions, and
    # on SQLite, where they go row by row, they are found person by person.
    key("person", "store", "at_ms", "edge", "scanner", "carrier"),
    CheckConstraint("n >= 1", name="seen"),
    sqlite_with_rowid=False,
    postgresql_partition_by="RANGE (at_ms)",
)
