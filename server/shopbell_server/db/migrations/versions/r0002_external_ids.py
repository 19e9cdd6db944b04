"""Profiles by what other systems call them: a loyalty number that a till read.

Revision 2. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import msgspec
import sqlalchemy as sa
from alembic import op

from shopbell_server.db.migrations.first_columns import text_columns

revision: Final = "0002"
down_revision: Final = "0001"


def upgrade() -> None:
    """Make the table and fill it from the profiles."""
    external_ids = op.create_table(
        "external_ids",
        *text_columns("tenant", "kind", "value", "profile"),
        sa.ForeignKeyConstraint(
            ["tenant", "profile"],
            ["profiles.tenant", "profiles.profile"],
            name="fk_external_ids_profiles",
        ),
        sa.PrimaryKeyConstraint("tenant", "kind", "value", "profile", name="pk_external_ids"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_external_ids_tenant_profile", "external_ids", ["tenant", "profile"])
    profiles = sa.text("SELECT tenant, profile, external_ids_json FROM profiles")
    for tenant, profile, text in op.get_bind().execute(profiles).all():
        rows = [
            {"tenant": tenant, "kind": kind, "value": value, "profile": profile}
            for kind, value in msgspec.json.decode(text, type=dict[str, str]).items()
        ]
        op.bulk_insert(external_ids, rows)


def downgrade() -> None:
    """Remove it: the profiles say the same."""
    op.drop_table("external_ids")
