"""What edges were ordered to do, by whom, and what became of it.

Revision 5. Frozen: a released revision never changes; what comes later is another one.
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

revision: Final = "0005"
down_revision: Final = "0004"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "edge_orders",
        *text_columns("tenant", "edge"),
        number_column("number"),
        text_column("task_json"),
        *number_columns("issued_ms", "expires_ms"),
        text_column("ordered_by"),
        text_column("result", nullable=True),
        text_column("reason", nullable=True),
        number_column("answered_ms", nullable=True),
        text_column("findings_json", nullable=True),
        sa.CheckConstraint(
            "(result IS NULL AND reason IS NULL AND answered_ms IS NULL)"
            " OR (result IN ('done', 'refused', 'failed')"
            " AND reason IS NOT NULL AND answered_ms IS NOT NULL)",
            name="ck_edge_orders_answer",
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "edge"], ["edges.tenant", "edges.edge"], name="fk_edge_orders_edges"
        ),
        sa.PrimaryKeyConstraint("tenant", "edge", "number", name="pk_edge_orders"),
    )


def downgrade() -> None:
    """Remove it. The edges keep what they were ordered, and the highest number that they saw."""
    op.drop_table("edge_orders")
