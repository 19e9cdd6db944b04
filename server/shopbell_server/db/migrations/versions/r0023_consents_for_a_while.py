"""Consents that were given for a while are found by their end.

Revision 23. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0023"
down_revision: Final = "0022"

_FOR_A_WHILE: Final = sa.text("until_ms IS NOT NULL")


def upgrade() -> None:
    """Make the index."""
    op.create_index(
        "ix_consent_entries_until",
        "consent_entries",
        ["tenant", "until_ms"],
        sqlite_where=_FOR_A_WHILE,
        postgresql_where=_FOR_A_WHILE,
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_index("ix_consent_entries_until", "consent_entries")
