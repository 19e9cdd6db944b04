"""Customers sign in at their own page.

Revision 12. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from shopbell_server.db.migrations.first_columns import bytes_column, number_columns, text_column

revision: Final = "0012"
down_revision: Final = "0011"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "customer_sessions",
        text_column("tenant"),
        bytes_column("token_sha256"),
        text_column("person"),
        *number_columns("opened_ms", "used_ms", "expires_ms"),
        sa.PrimaryKeyConstraint("tenant", "token_sha256", name="pk_customer_sessions"),
        sa.ForeignKeyConstraint(
            ["tenant", "person"],
            ["enrolments.tenant", "enrolments.person"],
            name="fk_customer_sessions_enrolments",
        ),
        sa.CheckConstraint(
            "length(token_sha256) = 32", name="ck_customer_sessions_token_sha256_is_32_bytes"
        ),
    )
    op.create_index("ix_customer_sessions_tenant_person", "customer_sessions", ["tenant", "person"])
    op.create_index(
        "ix_customer_sessions_tenant_expires_ms", "customer_sessions", ["tenant", "expires_ms"]
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("customer_sessions")
