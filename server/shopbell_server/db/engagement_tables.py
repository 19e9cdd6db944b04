"""The table of who helps whom.

Owns: as `tables` does.
Never: who did it in the past: a name stands here only while somebody has her.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Table, text

from shopbell_server.db.columns import (
    METADATA,
    key,
    number_column,
    number_columns,
    text_column,
    text_columns,
)

HELD: Final = text("staff IS NOT NULL")

ENGAGEMENTS: Final = Table(
    "engagements",
    METADATA,
    *text_columns("tenant", "visit"),
    number_column("version"),
    text_column("state"),
    text_column("staff", nullable=True),
    text_column("role", nullable=True),
    text_column("outcome", nullable=True),
    # When it became so; of what somebody has, when it was taken.
    *number_columns("at_ms", "touched_ms"),
    number_column("asked_ms", nullable=True),
    key("visit"),
    ForeignKeyConstraint(
        ["tenant", "visit"],
        ["visits.tenant", "visits.visit"],
        name="fk_engagements_visits",
        ondelete="CASCADE",
    ),
    CheckConstraint("(staff IS NULL) = (state NOT IN ('taken', 'serving'))", name="held_by_staff"),
    CheckConstraint("(outcome IS NULL) = (state <> 'served')", name="served_with_outcome"),
    Index(
        "ix_engagements_held",
        "tenant",
        "touched_ms",
        sqlite_where=HELD,
        postgresql_where=HELD,
    ),
    sqlite_with_rowid=False,
)
