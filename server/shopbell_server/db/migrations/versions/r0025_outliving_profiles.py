"""Profiles say that somebody of them was forgotten while they stayed for the sake of others.

Revision 25. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from shopbell_server.db.migrations.first_columns import number_column

revision: Final = "0025"
down_revision: Final = "0024"

_OUTLIVING: Final = sa.text("forgotten_ms IS NOT NULL")


def upgrade() -> None:
    """Add the time; of whoever was forgotten before it nobody knows."""
    op.add_column("profiles", number_column("forgotten_ms", nullable=True))
    op.create_index(
        "ix_profiles_outliving",
        "profiles",
        ["tenant", "profile"],
        sqlite_where=_OUTLIVING,
        postgresql_where=_OUTLIVING,
    )


def downgrade() -> None:
    """Forget it."""
    op.drop_index("ix_profiles_outliving", "profiles")
    op.drop_column("profiles", "forgotten_ms")
