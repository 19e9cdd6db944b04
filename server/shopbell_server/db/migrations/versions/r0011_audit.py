"""Who did what, in a chain.

Revision 11. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from shopbell_server.db.migrations import audit_triggers
from shopbell_server.db.migrations.first_columns import (
    bytes_column,
    number_column,
    number_columns,
    text_column,
    text_columns,
)

revision: Final = "0011"
down_revision: Final = "0010"


def upgrade() -> None:
    """Make the tables. What was done before is not in them."""
    op.create_table(
        "audit_records",
        text_column("tenant"),
        *number_columns("number", "at_ms"),
        *text_columns("actor", "actor_name", "actor_role", "credential", "what"),
        text_column("person", nullable=True),
        text_column("store", nullable=True),
        *text_columns("about", "why"),
        bytes_column("previous"),
        bytes_column("digest"),
        sa.CheckConstraint("length(previous) = 32", name="ck_audit_records_previous_is_32_bytes"),
        sa.CheckConstraint("length(digest) = 32", name="ck_audit_records_digest_is_32_bytes"),
        sa.PrimaryKeyConstraint("tenant", "number", name="pk_audit_records"),
    )
    op.create_index(
        "ix_audit_records_tenant_person_number", "audit_records", ["tenant", "person", "number"]
    )
    op.create_table(
        "audit_heads",
        text_column("tenant"),
        number_column("number"),
        bytes_column("digest"),
        number_column("base"),
        bytes_column("base_digest"),
        sa.CheckConstraint("length(digest) = 32", name="ck_audit_heads_digest_is_32_bytes"),
        sa.CheckConstraint(
            "length(base_digest) = 32", name="ck_audit_heads_base_digest_is_32_bytes"
        ),
        sa.CheckConstraint("0 <= base AND base <= number", name="ck_audit_heads_order"),
        sa.PrimaryKeyConstraint("tenant", name="pk_audit_heads"),
    )
    for statement in audit_triggers.CREATE[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Remove them, and with them what they say."""
    op.drop_table("audit_heads")
    op.drop_table("audit_records")
    for statement in audit_triggers.DROP[op.get_bind().dialect.name]:
        op.execute(statement)
