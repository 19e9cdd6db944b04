"""PostgreSQL shows a connection the rows of one tenant.

Revision 13. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

from shopbell_server.db.migrations.own_tenant import any_tenant, own_tenant_only

revision: Final = "0013"
down_revision: Final = "0012"

_TABLES: Final = (
    "anchors",
    "api_keys",
    "audit_heads",
    "audit_records",
    "batches",
    "cards",
    "code_uses",
    "conflicts",
    "consent_entries",
    "customer_sessions",
    "day_keys",
    "deliveries",
    "edge_losses",
    "edge_orders",
    "edges",
    "enrolments",
    "external_ids",
    "facts",
    "facts_told",
    "fixed_ids",
    "intervals",
    "issued_windows",
    "kept_answers",
    "profiles",
    "quarantined_batches",
    "scanner_marks",
    "sign_in_tries",
    "staff",
    "staff_sessions",
    "stores",
    "stream_heirs",
    "streams",
    "tickets",
    "till_receipts",
    "token_counts",
    "visits",
    "zones",
)
"""All that there are up to here; later ones get their policy where they are made."""


def upgrade() -> None:
    """Give every table its policy."""
    own_tenant_only(*_TABLES)


def downgrade() -> None:
    """Show every row to whoever may read the table."""
    any_tenant(*_TABLES)
