"""The table of what people's phones are to be told.

Owns: its columns, key and indexes, as `people_tables` does.
Never: what a notice says (`core.delivery.notices`).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, Index, Table

from shopbell_server.db.columns import (
    METADATA,
    key,
    number_column,
    number_columns,
    refers,
    text_columns,
)

NOTICES: Final = Table(
    "notices",
    METADATA,
    *text_columns("tenant", "notice", "person", "phone"),
    *number_columns("at_ms", "expires_ms"),
    number_column("read_ms", nullable=True),
    key("notice"),
    refers("enrolments", "person"),
    CheckConstraint("phone IN ('iphone', 'android', 'unknown')", name="phone"),
    Index(None, "tenant", "person"),
    Index(None, "tenant", "expires_ms"),
)
