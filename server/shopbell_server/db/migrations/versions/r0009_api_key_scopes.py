"""What an API key is for, when it was made, last used and revoked; how often a name was tried.

Revision 9. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from shopbell_server.db.migrations.first_columns import bytes_column, number_column, text_column

revision: Final = "0009"
down_revision: Final = "0008"


def upgrade() -> None:
    """Add the columns and make the table.

    Keys of before may do what all keys could; when they were made is not known.
    """
    kind = text_column("scopes").type
    op.add_column(
        "api_keys", sa.Column("scopes", kind, nullable=False, server_default="receipts tickets")
    )
    op.add_column(
        "api_keys", sa.Column("created_ms", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.add_column("api_keys", number_column("revoked_ms", nullable=True))
    op.add_column("api_keys", number_column("used_ms", nullable=True))
    op.create_table(
        "sign_in_tries",
        text_column("tenant"),
        bytes_column("name_sha256"),
        number_column("none_from_ms"),
        sa.CheckConstraint(
            "length(name_sha256) = 32", name="ck_sign_in_tries_name_sha256_is_32_bytes"
        ),
        sa.PrimaryKeyConstraint("tenant", "name_sha256", name="pk_sign_in_tries"),
    )
    op.create_index(
        "ix_sign_in_tries_tenant_none_from_ms", "sign_in_tries", ["tenant", "none_from_ms"]
    )


def downgrade() -> None:
    """Remove them. Keys that were revoked go: they would open everything again."""
    op.drop_table("sign_in_tries")
    op.execute("DELETE FROM api_keys WHERE revoked_ms IS NOT NULL")
    for column in ("scopes", "created_ms", "revoked_ms", "used_ms"):
        op.drop_column("api_keys", column)
