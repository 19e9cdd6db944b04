"""The database knows up to which record of the audit was signed: so one file of checkpoints holds them all.

Revision 28. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

from alembic import op

from shopbell_server.db.migrations.first_columns import number_column

revision: Final = "0028"
down_revision: Final = "0027"


def upgrade() -> None:
    """Add the number; whoever signs first from now on goes on."""
    op.add_column("audit_heads", number_column("signed", nullable=True))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("audit_heads", "signed")
