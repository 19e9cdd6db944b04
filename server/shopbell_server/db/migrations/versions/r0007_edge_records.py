"""How well an anchor knew the time, what edges gave up, and which stream came after which.

Revision 7. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from shopbell_server.db.migrations.first_columns import (
    number_column,
    number_columns,
    text_columns,
)

revision: Final = "0007"
down_revision: Final = "0006"


def upgrade() -> None:
    """Add the column and make the tables. What edges gave up before is not known."""
    op.add_column(
        "anchors", sa.Column("err_ms", sa.BigInteger(), nullable=False, server_default="250")
    )
    op.create_table(
        "stream_heirs",
        *text_columns("tenant", "edge", "previous", "stream"),
        number_column("cloned_ms", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "edge", "previous", name="pk_stream_heirs"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "edge_losses",
        *text_columns("tenant", "edge", "reason"),
        *number_columns("events", "last_ms"),
        sa.PrimaryKeyConstraint("tenant", "edge", "reason", name="pk_edge_losses"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("edge_losses")
    op.drop_table("stream_heirs")
    op.drop_column("anchors", "err_ms")
