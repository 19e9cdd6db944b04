"""Who was forgotten, and what keeps them from coming back.

Revision 22. Frozen: a released revision never changes; what comes later is another one.
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
from shopbell_server.db.migrations.own_tenant import own_tenant_only

revision: Final = "0022"
down_revision: Final = "0021"

_ENDED: Final = sa.text("revoked_ms IS NOT NULL")
_UNDONE: Final = sa.text("done_ms IS NULL")


def upgrade() -> None:
    """Make the tables, and an index by which those who left are found."""
    op.create_table(
        "erasures",
        *text_columns("tenant", "erasure", "person", "profiles_json"),
        number_column("asked_ms"),
        text_column("asked_by"),
        number_column("keys_ms", nullable=True),
        number_column("done_ms", nullable=True),
        sa.CheckConstraint(
            "asked_by IN ('phone', 'operator', 'server')", name="ck_erasures_asked_by"
        ),
        sa.PrimaryKeyConstraint("tenant", "erasure", name="pk_erasures"),
    )
    op.create_index("ix_erasures_tenant_asked_ms", "erasures", ["tenant", "asked_ms"])
    op.create_index(
        "ix_erasures_undone",
        "erasures",
        ["tenant", "asked_ms"],
        sqlite_where=_UNDONE,
        postgresql_where=_UNDONE,
    )
    op.create_table(
        "tombstones",
        *text_columns("tenant", "kind"),
        bytes_column("mark"),
        number_column("erased_ms"),
        sa.CheckConstraint("length(mark) = 32", name="ck_tombstones_mark_is_32_bytes"),
        sa.PrimaryKeyConstraint("tenant", "kind", "mark", name="pk_tombstones"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_tombstones_tenant_erased_ms", "tombstones", ["tenant", "erased_ms"])
    own_tenant_only("erasures", "tombstones")
    op.create_index(
        "ix_enrolments_ended",
        "enrolments",
        ["tenant", "revoked_ms"],
        sqlite_where=_ENDED,
        postgresql_where=_ENDED,
    )


def downgrade() -> None:
    """Remove them, and with them what they say."""
    op.drop_index("ix_enrolments_ended", "enrolments")
    op.drop_table("tombstones")
    op.drop_table("erasures")
