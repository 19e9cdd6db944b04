"""What other channels said of customers, and which of their messages came.

Revision 30. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from shopbell_server.db.migrations.first_columns import (
    bytes_column,
    number_columns,
    text_column,
    text_columns,
)
from shopbell_server.db.migrations.own_tenant import own_tenant_only

revision: Final = "0030"
down_revision: Final = "0029"

_SAID_BY: Final = sa.text("said_by <> ''")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "channel_facts",
        *text_columns("tenant", "profile"),
        bytes_column("key_mark"),
        text_column("said_by"),
        text_column("shelf"),
        *number_columns("counts_from_ms", "at_ms"),
        bytes_column("mark"),
        bytes_column("sealed"),
        sa.CheckConstraint(
            "shelf IN ('service', 'wishes', 'tiers')", name="ck_channel_facts_shelf"
        ),
        sa.CheckConstraint(
            "length(key_mark) = 16 AND length(mark) = 16",
            name="ck_channel_facts_marks_are_16_bytes",
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "profile"],
            ["profiles.tenant", "profiles.profile"],
            name="fk_channel_facts_profiles",
        ),
        sa.PrimaryKeyConstraint(
            "tenant", "profile", "key_mark", "said_by", name="pk_channel_facts"
        ),
    )
    op.create_index(
        "ix_channel_facts_tenant_shelf_counts_from_ms",
        "channel_facts",
        ["tenant", "shelf", "counts_from_ms"],
    )
    op.create_index(
        "ix_channel_facts_said_by",
        "channel_facts",
        ["tenant", "said_by"],
        sqlite_where=_SAID_BY,
        postgresql_where=_SAID_BY,
    )
    op.create_table(
        "channel_messages",
        text_column("tenant"),
        bytes_column("mark"),
        sa.CheckConstraint("length(mark) = 16", name="ck_channel_messages_mark_is_16_bytes"),
        sa.PrimaryKeyConstraint("tenant", "mark", name="pk_channel_messages"),
        sqlite_with_rowid=False,
    )
    own_tenant_only("channel_facts", "channel_messages")


def downgrade() -> None:
    """Remove them."""
    op.drop_table("channel_messages")
    op.drop_table("channel_facts")
