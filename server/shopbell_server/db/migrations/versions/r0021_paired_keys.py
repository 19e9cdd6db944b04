"""By which store of keys a database was sealed.

Revision 21. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from shopbell_server.db.migrations.first_columns import bytes_column, text_column
from shopbell_server.db.migrations.own_tenant import own_tenant_only

revision: Final = "0021"
down_revision: Final = "0020"


def upgrade() -> None:
    """Make the table. The first keys that the database is used with are taken for its own."""
    op.create_table(
        "paired_keys",
        text_column("tenant"),
        bytes_column("mark"),
        sa.CheckConstraint("length(mark) = 32", name="ck_paired_keys_mark_is_32_bytes"),
        sa.PrimaryKeyConstraint("tenant", name="pk_paired_keys"),
    )
    own_tenant_only("paired_keys")


def downgrade() -> None:
    """Remove it."""
    op.drop_table("paired_keys")
