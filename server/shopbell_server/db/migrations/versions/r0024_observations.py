"""What was heard of people, report by report, for a day.

Revision 24. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from shopbell_server.db.migrations.first_columns import number_column, text_columns
from shopbell_server.db.migrations.own_tenant import own_tenant_only

revision: Final = "0024"
down_revision: Final = "0023"


def upgrade() -> None:
    """Make the table; on PostgreSQL its partitions are made by the server, an hour each."""
    op.create_table(
        "observations",
        *text_columns("tenant", "person", "store", "edge", "scanner", "carrier"),
        number_column("at_ms"),
        sa.Column("loss_db", sa.Double, nullable=False),
        number_column("n"),
        sa.CheckConstraint("n >= 1", name="ck_observations_seen"),
        sa.PrimaryKeyConstraint(
            "tenant",
            "person",
            "store",
            "at_ms",
            "edge",
            "scanner",
            "carrier",
            name="pk_observations",
        ),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (at_ms)",
    )
    own_tenant_only("observations")


def downgrade() -> None:
    """Remove it, with its partitions."""
    op.drop_table("observations")
