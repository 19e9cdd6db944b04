"""Where stores are, how many tokens edges hear, and who was in two stores at once.

Revision 10. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from shopbell_server.db.migrations.first_columns import number_columns, text_columns

revision: Final = "0010"
down_revision: Final = "0009"


def upgrade() -> None:
    """Add the columns and make the tables. How far stores are apart is not known until somebody says so."""
    op.add_column("stores", sa.Column("latitude", sa.Double(), nullable=True))
    op.add_column("stores", sa.Column("longitude", sa.Double(), nullable=True))
    op.create_table(
        "token_counts",
        *text_columns("tenant", "edge"),
        *number_columns("minute", "known", "unknown"),
        sa.PrimaryKeyConstraint("tenant", "edge", "minute", name="pk_token_counts"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_token_counts_tenant_minute", "token_counts", ["tenant", "minute"])
    op.create_table(
        "conflicts",
        *text_columns("tenant", "visit", "other", "store", "other_store"),
        *number_columns("at_ms", "found_ms"),
        sa.PrimaryKeyConstraint("tenant", "visit", "other", name="pk_conflicts"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_conflicts_tenant_found_ms", "conflicts", ["tenant", "found_ms"])


def downgrade() -> None:
    """Remove them."""
    op.drop_table("conflicts")
    op.drop_table("token_counts")
    op.drop_column("stores", "longitude")
    op.drop_column("stores", "latitude")
