"""Tables of floor plans, and of where people were on them.

Owns: as `tables`, of which this is a part.
Never: what scanners said: that is evidence (`tables.INTERVALS`) and observations.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, Index, Table

from shopbell_server.db.columns import (
    METADATA,
    key,
    number_columns,
    refers,
    text_column,
    text_columns,
)

FLOOR_PLANS: Final = Table(
    "floor_plans",
    METADATA,
    *text_columns("tenant", "store", "version", "plan_json"),
    key("store"),
    refers("stores", "store"),
)

PLACES: Final = Table(
    "places",
    METADATA,
    *text_columns("tenant", "person", "store"),
    *number_columns("first_ms", "last_ms"),
    text_column("zone", nullable=True),
    key("person", "store", "first_ms"),
    CheckConstraint("first_ms <= last_ms", name="in_order"),
    Index(None, "tenant", "last_ms"),
    sqlite_with_rowid=False,
)

UNSETTLED: Final = Table(
    "unsettled_places",
    METADATA,
    *text_columns("tenant", "person", "store"),
    *number_columns("first_ms", "last_ms"),
    key("person", "store"),
    Index(None, "tenant", "last_ms"),
    sqlite_with_rowid=False,
)
