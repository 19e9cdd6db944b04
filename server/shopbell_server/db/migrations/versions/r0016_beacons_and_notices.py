"""The beacons that hang in stores, and what people's phones are to be told.

Revision 16. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from shopbell_server.db.migrations.first_columns import (
    number_column,
    number_columns,
    text_column,
    text_columns,
)
from shopbell_server.db.migrations.own_tenant import own_tenant_only

revision: Final = "0016"
down_revision: Final = "0015"


def upgrade() -> None:
    """Make the tables: no beacon is known until a seed names it."""
    op.create_table(
        "store_beacons",
        *text_columns("tenant", "beacon", "store", "uuid"),
        *number_columns("major", "minor"),
        text_column("zone", nullable=True),
        sa.CheckConstraint(
            "major BETWEEN 0 AND 65535 AND minor BETWEEN 0 AND 65535",
            name="ck_store_beacons_numbers",
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "store"],
            ["stores.tenant", "stores.store"],
            name="fk_store_beacons_stores",
        ),
        sa.PrimaryKeyConstraint("tenant", "beacon", name="pk_store_beacons"),
        sa.UniqueConstraint(
            "tenant", "uuid", "major", "minor", name="uq_store_beacons_tenant_uuid_major_minor"
        ),
    )
    op.create_table(
        "notices",
        *text_columns("tenant", "notice", "person", "phone"),
        *number_columns("at_ms", "expires_ms"),
        number_column("read_ms", nullable=True),
        sa.CheckConstraint("phone IN ('iphone', 'android', 'unknown')", name="ck_notices_phone"),
        sa.ForeignKeyConstraint(
            ["tenant", "person"],
            ["enrolments.tenant", "enrolments.person"],
            name="fk_notices_enrolments",
        ),
        sa.PrimaryKeyConstraint("tenant", "notice", name="pk_notices"),
    )
    op.create_index("ix_notices_tenant_person", "notices", ["tenant", "person"])
    op.create_index("ix_notices_tenant_expires_ms", "notices", ["tenant", "expires_ms"])
    own_tenant_only("store_beacons", "notices")


def downgrade() -> None:
    """Remove them."""
    op.drop_table("notices")
    op.drop_table("store_beacons")
