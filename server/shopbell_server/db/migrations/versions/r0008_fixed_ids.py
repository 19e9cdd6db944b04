"""Fobs and cards of people, by marks of their ids.

Revision 8. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from shopbell_server.db.migrations.first_columns import (
    bytes_column,
    number_column,
    text_column,
    text_columns,
)

revision: Final = "0008"
down_revision: Final = "0007"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "fixed_ids",
        text_column("tenant"),
        bytes_column("mark"),
        *text_columns("name", "person"),
        number_column("registered_ms"),
        sa.CheckConstraint("length(mark) = 32", name="ck_fixed_ids_mark_is_32_bytes"),
        sa.ForeignKeyConstraint(
            ["tenant", "person"],
            ["enrolments.tenant", "enrolments.person"],
            name="fk_fixed_ids_enrolments",
        ),
        sa.PrimaryKeyConstraint("tenant", "mark", name="pk_fixed_ids"),
        sa.UniqueConstraint("tenant", "name", name="uq_fixed_ids_tenant_name"),
    )
    op.create_index("ix_fixed_ids_tenant_person", "fixed_ids", ["tenant", "person"])


def downgrade() -> None:
    """Remove it. Fobs mean nobody from then on, until they are registered again."""
    op.drop_table("fixed_ids")
