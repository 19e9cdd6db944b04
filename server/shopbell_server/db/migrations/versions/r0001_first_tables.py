"""The first tables, and the triggers that keep the promises about consent.

Revision 1. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from shopbell_server.db.migrations import first_triggers
from shopbell_server.db.migrations.first_columns import (
    bytes_column,
    number_column,
    number_columns,
    text_column,
    text_columns,
)

revision: Final = "0001"
down_revision: Final = None


def upgrade() -> None:
    """Make every table, then the triggers."""
    op.create_table(
        "anchors",
        *text_columns("tenant", "edge", "boot"),
        *number_columns("boottime_ms", "wall_ms"),
        sa.PrimaryKeyConstraint("tenant", "edge", "boot", name="pk_anchors"),
    )
    op.create_table(
        "api_keys",
        text_column("tenant"),
        bytes_column("key_sha256"),
        text_column("name"),
        sa.CheckConstraint("length(key_sha256) = 32", name="ck_api_keys_key_sha256_is_32_bytes"),
        sa.PrimaryKeyConstraint("tenant", "key_sha256", name="pk_api_keys"),
    )
    op.create_table(
        "batches",
        *text_columns("tenant", "edge", "stream"),
        number_column("seq"),
        bytes_column("sha256"),
        number_column("received_ms"),
        sa.CheckConstraint("length(sha256) = 32", name="ck_batches_sha256_is_32_bytes"),
        sa.PrimaryKeyConstraint("tenant", "edge", "stream", "seq", name="pk_batches"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_batches_tenant_received_ms", "batches", ["tenant", "received_ms"])
    op.create_table(
        "code_uses",
        *text_columns("tenant", "card"),
        *number_columns("step", "at_ms"),
        sa.PrimaryKeyConstraint("tenant", "card", "step", name="pk_code_uses"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_code_uses_tenant_at_ms", "code_uses", ["tenant", "at_ms"])
    op.create_table(
        "consent_entries",
        *text_columns("tenant", "person"),
        number_column("sequence"),
        *text_columns("purpose", "change"),
        number_column("at_ms"),
        number_column("until_ms", nullable=True),
        *text_columns("place", "text_version", "text_sha256", "language", "evidence"),
        sa.CheckConstraint(
            "change IN ('given', 'withdrawn', 'expired', 'renewed')",
            name="ck_consent_entries_change",
        ),
        sa.PrimaryKeyConstraint("tenant", "person", "sequence", name="pk_consent_entries"),
    )
    op.create_table(
        "day_keys",
        text_column("tenant"),
        number_column("day"),
        bytes_column("key"),
        sa.PrimaryKeyConstraint("tenant", "day", name="pk_day_keys"),
    )
    op.create_table(
        "facts",
        *text_columns("tenant", "fact", "person"),
        *number_columns("position", "recorded_ms"),
        text_column("fact_json"),
        sa.PrimaryKeyConstraint("tenant", "fact", name="pk_facts"),
        sa.UniqueConstraint("tenant", "person", "position", name="uq_facts_tenant_person_position"),
    )
    op.create_index("ix_facts_tenant_recorded_ms", "facts", ["tenant", "recorded_ms"])
    op.create_table(
        "facts_told",
        *text_columns("tenant", "person"),
        number_column("number"),
        sa.PrimaryKeyConstraint("tenant", "person", name="pk_facts_told"),
    )
    op.create_table(
        "intervals",
        *text_columns("tenant", "person", "store"),
        number_column("first_ms"),
        *text_columns("edge", "scanner", "carrier"),
        *number_columns("last_ms", "n"),
        sa.Column("evidence", sa.SmallInteger(), nullable=False),
        text_column("zone", nullable=True),
        sa.Column("loss_db", sa.Double(), nullable=True),
        sa.CheckConstraint("evidence BETWEEN 1 AND 5", name="ck_intervals_evidence"),
        sa.CheckConstraint("first_ms <= last_ms", name="ck_intervals_in_order"),
        sa.CheckConstraint("n >= 1", name="ck_intervals_seen"),
        sa.PrimaryKeyConstraint(
            "tenant",
            "person",
            "store",
            "first_ms",
            "edge",
            "scanner",
            "carrier",
            name="pk_intervals",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_intervals_tenant_store_last_ms", "intervals", ["tenant", "store", "last_ms"]
    )
    op.create_table(
        "kept_answers",
        text_column("tenant"),
        bytes_column("name_sha256"),
        bytes_column("request_sha256"),
        bytes_column("sealed"),
        number_column("expires_ms"),
        sa.PrimaryKeyConstraint("tenant", "name_sha256", name="pk_kept_answers"),
    )
    op.create_index("ix_kept_answers_tenant_expires_ms", "kept_answers", ["tenant", "expires_ms"])
    op.create_table(
        "profiles",
        *text_columns("tenant", "profile"),
        text_column("first_name", nullable=True),
        text_column("language", nullable=True),
        text_column("external_ids_json"),
        sa.Column("staff", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "profile", name="pk_profiles"),
    )
    op.create_table(
        "quarantined_batches",
        *text_columns("tenant", "edge", "stream"),
        number_column("seq"),
        bytes_column("sha256"),
        number_column("received_ms"),
        bytes_column("payload"),
        text_column("reason"),
        sa.PrimaryKeyConstraint(
            "tenant", "edge", "stream", "seq", "sha256", name="pk_quarantined_batches"
        ),
    )
    op.create_index(
        "ix_quarantined_batches_tenant_received_ms",
        "quarantined_batches",
        ["tenant", "received_ms"],
    )
    op.create_table(
        "staff",
        *text_columns("tenant", "staff", "name", "role", "stores_json", "language"),
        text_column("password_hash", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "staff", name="pk_staff"),
    )
    op.create_table(
        "stores",
        *text_columns("tenant", "store", "name", "timezone"),
        sa.PrimaryKeyConstraint("tenant", "store", name="pk_stores"),
    )
    op.create_table(
        "streams",
        *text_columns("tenant", "edge", "stream", "ranges"),
        number_column("updated_ms"),
        sa.PrimaryKeyConstraint("tenant", "edge", "stream", name="pk_streams"),
    )
    op.create_table(
        "deliveries",
        *text_columns("tenant", "sink", "fact", "person"),
        *number_columns("position", "recorded_ms"),
        text_column("state"),
        *number_columns("due_ms", "attempt"),
        number_column("done_ms", nullable=True),
        text_column("reason", nullable=True),
        sa.CheckConstraint(_DELIVERY_STATES, name="ck_deliveries_state"),
        sa.ForeignKeyConstraint(
            ["tenant", "fact"], ["facts.tenant", "facts.fact"], name="fk_deliveries_facts"
        ),
        sa.PrimaryKeyConstraint("tenant", "sink", "fact", name="pk_deliveries"),
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["tenant", "sink", "due_ms"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    op.create_index(
        "ix_deliveries_next",
        "deliveries",
        ["tenant", "sink", "person", "position"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    op.create_index("ix_deliveries_tenant_done_ms", "deliveries", ["tenant", "done_ms"])
    op.create_index("ix_deliveries_tenant_fact", "deliveries", ["tenant", "fact"])
    op.create_table(
        "edges",
        *text_columns("tenant", "edge", "store"),
        sa.Column("active", sa.Boolean(), nullable=False),
        text_column("zones_json"),
        sa.ForeignKeyConstraint(
            ["tenant", "store"], ["stores.tenant", "stores.store"], name="fk_edges_stores"
        ),
        sa.PrimaryKeyConstraint("tenant", "edge", name="pk_edges"),
    )
    op.create_table(
        "enrolments",
        *text_columns("tenant", "person", "profile"),
        number_column("device_no"),
        bytes_column("mac_key"),
        bytes_column("device_token_sha256"),
        text_column("phone_model", nullable=True),
        number_column("created_ms"),
        number_column("revoked_ms", nullable=True),
        sa.CheckConstraint(
            "length(device_token_sha256) = 32", name="ck_enrolments_device_token_sha256_is_32_bytes"
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "profile"],
            ["profiles.tenant", "profiles.profile"],
            name="fk_enrolments_profiles",
        ),
        sa.PrimaryKeyConstraint("tenant", "person", name="pk_enrolments"),
        sa.UniqueConstraint("tenant", "device_no", name="uq_enrolments_tenant_device_no"),
        sa.UniqueConstraint(
            "tenant", "device_token_sha256", name="uq_enrolments_tenant_device_token_sha256"
        ),
    )
    op.create_index("ix_enrolments_tenant_profile", "enrolments", ["tenant", "profile"])
    op.create_table(
        "staff_sessions",
        text_column("tenant"),
        bytes_column("token_sha256"),
        text_column("staff"),
        number_column("expires_ms"),
        sa.CheckConstraint(
            "length(token_sha256) = 32", name="ck_staff_sessions_token_sha256_is_32_bytes"
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "staff"], ["staff.tenant", "staff.staff"], name="fk_staff_sessions_staff"
        ),
        sa.PrimaryKeyConstraint("tenant", "token_sha256", name="pk_staff_sessions"),
    )
    op.create_index(
        "ix_staff_sessions_tenant_expires_ms", "staff_sessions", ["tenant", "expires_ms"]
    )
    op.create_table(
        "tickets",
        text_column("tenant"),
        bytes_column("ticket_sha256"),
        text_column("profile"),
        number_column("expires_ms"),
        sa.CheckConstraint(
            "length(ticket_sha256) = 32", name="ck_tickets_ticket_sha256_is_32_bytes"
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "profile"],
            ["profiles.tenant", "profiles.profile"],
            name="fk_tickets_profiles",
        ),
        sa.PrimaryKeyConstraint("tenant", "ticket_sha256", name="pk_tickets"),
    )
    op.create_index("ix_tickets_tenant_expires_ms", "tickets", ["tenant", "expires_ms"])
    op.create_table(
        "visits",
        *text_columns("tenant", "visit", "person", "store"),
        number_column("handle"),
        text_column("state"),
        number_column("revision"),
        sa.Column("converted", sa.Boolean(), nullable=False),
        *number_columns("start_ms", "end_ms"),
        number_column("gone_ms", nullable=True),
        number_column("due_ms"),
        text_column("session_json"),
        sa.CheckConstraint("state IN ('candidate', 'open', 'ended')", name="ck_visits_state"),
        sa.CheckConstraint("start_ms <= end_ms", name="ck_visits_in_order"),
        sa.ForeignKeyConstraint(
            ["tenant", "store"], ["stores.tenant", "stores.store"], name="fk_visits_stores"
        ),
        sa.PrimaryKeyConstraint("tenant", "visit", name="pk_visits"),
    )
    op.create_index(
        "ix_visits_due",
        "visits",
        ["tenant", "due_ms", "visit"],
        sqlite_where=_UNENDED,
        postgresql_where=_UNENDED,
    )
    op.create_index(
        "ix_visits_present",
        "visits",
        ["tenant", "store", "gone_ms"],
        sqlite_where=_UNENDED,
        postgresql_where=_UNENDED,
    )
    op.create_index("ix_visits_reported", "visits", ["tenant", "store", "start_ms", "visit"])
    op.create_index(
        "ix_visits_tenant_person_store_start_ms",
        "visits",
        ["tenant", "person", "store", "start_ms"],
    )
    op.create_table(
        "zones",
        *text_columns("tenant", "store", "zone", "name"),
        sa.ForeignKeyConstraint(
            ["tenant", "store"], ["stores.tenant", "stores.store"], name="fk_zones_stores"
        ),
        sa.PrimaryKeyConstraint("tenant", "store", "zone", name="pk_zones"),
    )
    op.create_table(
        "cards",
        *text_columns("tenant", "card", "person"),
        bytes_column("secret"),
        sa.ForeignKeyConstraint(
            ["tenant", "person"],
            ["enrolments.tenant", "enrolments.person"],
            name="fk_cards_enrolments",
        ),
        sa.PrimaryKeyConstraint("tenant", "card", name="pk_cards"),
    )
    op.create_index("ix_cards_tenant_person", "cards", ["tenant", "person"])
    op.create_table(
        "issued_windows",
        *text_columns("tenant", "person"),
        *number_columns("first_window", "last_window"),
        sa.CheckConstraint("first_window <= last_window", name="ck_issued_windows_in_order"),
        sa.ForeignKeyConstraint(
            ["tenant", "person"],
            ["enrolments.tenant", "enrolments.person"],
            name="fk_issued_windows_enrolments",
        ),
        sa.PrimaryKeyConstraint(
            "tenant", "person", "first_window", "last_window", name="pk_issued_windows"
        ),
        sqlite_with_rowid=False,
    )
    for statement in first_triggers.CREATE[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Remove everything."""
    for statement in first_triggers.DROP[op.get_bind().dialect.name]:
        op.execute(statement)
    for table in _TABLES:
        op.drop_table(table)


_WAITING: Final = sa.text("state = 'waiting'")

_UNENDED: Final = sa.text("state <> 'ended'")

_DELIVERY_STATES: Final = (
    "(state = 'waiting' AND done_ms IS NULL AND reason IS NULL)"
    " OR (state = 'delivered' AND done_ms IS NOT NULL AND reason IS NULL)"
    " OR (state = 'dead' AND done_ms IS NOT NULL AND reason IS NOT NULL)"
)

_TABLES: Final = (
    "issued_windows",
    "cards",
    "zones",
    "visits",
    "tickets",
    "staff_sessions",
    "enrolments",
    "edges",
    "deliveries",
    "streams",
    "stores",
    "staff",
    "quarantined_batches",
    "profiles",
    "kept_answers",
    "intervals",
    "facts",
    "facts_told",
    "day_keys",
    "consent_entries",
    "code_uses",
    "batches",
    "api_keys",
    "anchors",
)
"""Those that refer to others before those."""
