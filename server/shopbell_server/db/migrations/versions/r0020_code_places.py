"""Where a pass code was used, and what scanners tried of loyalty numbers.

Revision 20. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from shopbell_server.db.migrations.first_columns import number_columns, text_columns
from shopbell_server.db.migrations.own_tenant import own_tenant_only

revision: Final = "0020"
down_revision: Final = "0019"

_WHERE: Final = ("store", "edge", "scanner")


def upgrade() -> None:
    """Add the columns, empty where nobody wrote it down, and make the table."""
    for each in text_columns(*_WHERE):
        column = sa.Column(each.name, each.type, nullable=False, server_default=sa.text("''"))
        op.add_column("code_uses", column)
    op.create_table(
        "number_guesses",
        *text_columns("tenant", "edge", "scanner", "unknown"),
        *number_columns("refused_until_ms", "put_ms"),
        sa.PrimaryKeyConstraint("tenant", "edge", "scanner", name="pk_number_guesses"),
    )
    op.create_index("ix_number_guesses_tenant_put_ms", "number_guesses", ["tenant", "put_ms"])
    own_tenant_only("number_guesses")


def downgrade() -> None:
    """Remove them."""
    op.drop_table("number_guesses")
    for name in reversed(_WHERE):
        op.drop_column("code_uses", name)
