"""Floor plans of stores, and where people were on them.

Revision 26. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from shopbell_server.db.migrations.first_columns import number_columns, text_column, text_columns
from shopbell_server.db.migrations.own_tenant import own_tenant_only

revision: Final = "0026"
down_revision: Final = "0025"


def upgrade() -> None:
    """Make the tables: no store has a plan until a seed brings one."""
    op.create_table(
        "floor_plans",
        *text_columns("tenant", "store", "version", "plan_json"),
        sa.ForeignKeyConstraint(
            ["tenant", "store"], ["stores.tenant", "stores.store"], name="fk_floor_plans_stores"
        ),
        sa.PrimaryKeyConstraint("tenant", "store", name="pk_floor_plans"),
    )
    op.create_table(
        "places",
        *text_columns("tenant", "person", "store"),
        *number_columns("first_ms", "last_ms"),
        text_column("zone", nullable=True),
        sa.CheckConstraint("first_ms <= last_ms", name="ck_places_in_order"),
        sa.PrimaryKeyConstraint("tenant", "person", "store", "first_ms", name="pk_places"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_places_tenant_last_ms", "places", ["tenant", "last_ms"])
    op.create_table(
        "unsettled_places",
        *text_columns("tenant", "person", "store"),
        *number_columns("first_ms", "last_ms"),
        sa.PrimaryKeyConstraint("tenant", "person", "store", name="pk_unsettled_places"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_unsettled_places_tenant_last_ms", "unsettled_places", ["tenant", "last_ms"])
    own_tenant_only("floor_plans", "places", "unsettled_places")


def downgrade() -> None:
    """Remove them."""
    op.drop_table("unsettled_places")
    op.drop_table("places")
    op.drop_table("floor_plans")
