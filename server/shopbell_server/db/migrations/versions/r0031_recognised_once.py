"""A visit keeps whether others were told that she was recognised.

Revision 31. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0031"
down_revision: Final = "0030"


def upgrade() -> None:
    """Add the column. Of visits that there are it follows from their sessions, as it did until now."""
    op.add_column("visits", sa.Column("recognised", sa.Boolean(), nullable=True))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("visits", "recognised")
