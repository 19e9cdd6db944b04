"""What scanners said of their own hearing: from when on each was in which state.

Revision 6. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from shopbell_server.db.migrations.first_columns import number_column, text_columns

revision: Final = "0006"
down_revision: Final = "0005"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "scanner_marks",
        *text_columns("tenant", "edge", "scanner"),
        number_column("at_ms"),
        *text_columns("state", "reason"),
        sa.CheckConstraint(
            "state IN ('hearing', 'suspect', 'blind')", name="ck_scanner_marks_state"
        ),
        sa.PrimaryKeyConstraint(
            "tenant", "edge", "scanner", "at_ms", "state", "reason", name="pk_scanner_marks"
        ),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Remove it. Visits stay as they are until their evidence changes."""
    op.drop_table("scanner_marks")
