"""Who helps whom.

Revision 29. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from shopbell_server.db.migrations.first_columns import (
    number_column,
    number_columns,
    text_column,
    text_columns,
)
from shopbell_server.db.migrations.own_tenant import own_tenant_only

revision: Final = "0029"
down_revision: Final = "0028"


def upgrade() -> None:
    """Make the table: of visits of before nobody knows who helped."""
    op.create_table(
        "engagements",
        *text_columns("tenant", "visit"),
        *number_columns("version"),
        *text_columns("state"),
        text_column("staff", nullable=True),
        text_column("role", nullable=True),
        text_column("outcome", nullable=True),
        *number_columns("at_ms", "touched_ms"),
        number_column("asked_ms", nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant", "visit"],
            ["visits.tenant", "visits.visit"],
            name="fk_engagements_visits",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "(staff IS NULL) = (state NOT IN ('taken', 'serving'))",
            name="ck_engagements_held_by_staff",
        ),
        sa.CheckConstraint(
            "(outcome IS NULL) = (state <> 'served')", name="ck_engagements_served_with_outcome"
        ),
        sa.PrimaryKeyConstraint("tenant", "visit", name="pk_engagements"),
        sqlite_with_rowid=False,
    )
    held = sa.text("staff IS NOT NULL")
    op.create_index(
        "ix_engagements_held",
        "engagements",
        ["tenant", "touched_ms"],
        sqlite_where=held,
        postgresql_where=held,
    )
    own_tenant_only("engagements")


def downgrade() -> None:
    """Remove it."""
    op.drop_table("engagements")
