"""Who was told what, how far old data were let go of, and a ledger of which old lines go.

Revision 14. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from shopbell_server.db.migrations import ledger_triggers
from shopbell_server.db.migrations.first_columns import number_column, text_column, text_columns
from shopbell_server.db.migrations.own_tenant import own_tenant_only

revision: Final = "0014"
down_revision: Final = "0013"


def upgrade() -> None:
    """Make the tables, and indexes by which old rows are found."""
    op.create_table(
        "told",
        *text_columns("tenant", "person", "sink", "fact", "kind"),
        number_column("at_ms"),
        sa.Column("delivered", sa.Boolean(), nullable=False),
        text_column("answer"),
        sa.PrimaryKeyConstraint("tenant", "person", "sink", "fact", name="pk_told"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_told_tenant_at_ms", "told", ["tenant", "at_ms"])
    op.create_table(
        "retained",
        *text_columns("tenant", "what"),
        number_column("until_ms"),
        sa.PrimaryKeyConstraint("tenant", "what", name="pk_retained"),
        sqlite_with_rowid=False,
    )
    own_tenant_only("told", "retained")
    op.create_index("ix_consent_entries_tenant_at_ms", "consent_entries", ["tenant", "at_ms"])
    op.create_index(
        "ix_issued_windows_tenant_last_window", "issued_windows", ["tenant", "last_window"]
    )
    for statement in ledger_triggers.CREATE[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Remove them, and with them what they say."""
    for statement in ledger_triggers.DROP[op.get_bind().dialect.name]:
        op.execute(statement)
    op.drop_index("ix_issued_windows_tenant_last_window", "issued_windows")
    op.drop_index("ix_consent_entries_tenant_at_ms", "consent_entries")
    op.drop_table("retained")
    op.drop_table("told")
