"""Receipts of tills: when something was bought, and whose card was named if that may be known.

Revision 3. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from shopbell_server.db.migrations.first_columns import (
    bytes_column,
    number_column,
    text_column,
    text_columns,
)

revision: Final = "0003"
down_revision: Final = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "till_receipts",
        *text_columns("tenant", "receipt", "store", "till"),
        number_column("at_ms"),
        text_column("person", nullable=True),
        bytes_column("request_mac"),
        sa.Column("joined", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "length(request_mac) = 32", name="ck_till_receipts_request_mac_is_32_bytes"
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "store"], ["stores.tenant", "stores.store"], name="fk_till_receipts_stores"
        ),
        sa.PrimaryKeyConstraint("tenant", "receipt", name="pk_till_receipts"),
    )
    op.create_index(
        "ix_till_receipts_tenant_person_store_at_ms",
        "till_receipts",
        ["tenant", "person", "store", "at_ms"],
    )
    op.create_index("ix_till_receipts_tenant_at_ms", "till_receipts", ["tenant", "at_ms"])


def downgrade() -> None:
    """Remove it. Visits that are converted stay so until their evidence changes."""
    op.drop_table("till_receipts")
