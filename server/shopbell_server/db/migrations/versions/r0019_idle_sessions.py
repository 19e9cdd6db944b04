"""Sessions of the staff end when nobody uses them, and links that open one are told from them.

Revision 19. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from shopbell_server.db.migrations.first_columns import number_column

revision: Final = "0019"
down_revision: Final = "0018"

_SESSION_MS: Final = 12 * 3_600_000
"""What a session lasted until now."""


def upgrade() -> None:
    """Let those that are open be sessions to their end; a link that was not followed yet is none any more."""
    op.add_column("staff_sessions", number_column("opened_ms", nullable=True))
    op.add_column(
        "staff_sessions", sa.Column("ends_ms", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.execute(
        f"UPDATE staff_sessions SET ends_ms = expires_ms, opened_ms = expires_ms - {_SESSION_MS}"  # noqa: S608  (a number of ours)
    )


def downgrade() -> None:
    """Forget who is idle."""
    op.drop_column("staff_sessions", "ends_ms")
    op.drop_column("staff_sessions", "opened_ms")
