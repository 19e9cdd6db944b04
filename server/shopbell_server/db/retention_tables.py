"""Tables of what was done with the data: who received them, and how far they were let go of.

Owns: as `tables`, of which this is a part.
Never: what an event said.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, Table

from shopbell_server.db.columns import (
    METADATA,
    key,
    number_column,
    text_column,
    text_columns,
)

TOLD: Final = Table(
    "told",
    METADATA,
    # No references: the event itself goes after two weeks.
    *text_columns("tenant", "person", "sink", "fact", "kind"),
    number_column("at_ms"),
    Column("delivered", Boolean, nullable=False),
    text_column("answer"),
    key("person", "sink", "fact"),
    Index(None, "tenant", "at_ms"),
    sqlite_with_rowid=False,
)

RETAINED: Final = Table(
    "retained",
    METADATA,
    *text_columns("tenant", "what"),
    number_column("until_ms"),
    key("what"),
    sqlite_with_rowid=False,
)
