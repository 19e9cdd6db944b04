"""The first tables, and the triggers that keep the promises about consent.

Revision 1. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shopbell_server.db.migrations import first_triggers

revision: Final = "0001"
down_revision: Final = None
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Make every table, then the triggers."""
    op.create_table(
        "anchors",
        *_texts("tenant", "edge", "boot"),
        *_numbers("boottime_ms", "wall_ms"),
        sa.PrimaryKeyConstraint("tenant", "edge", "boot", name="pk_anchors"),
    )
    op.create_table(
        "api_keys",
        _text("tenant"),
        _bytes("key_sha256"),
        _text("name"),
        sa.CheckConstraint("length(key_sha256) = 32", name="ck_api_keys_key_sha256_is_32_bytes"),
        sa.PrimaryKeyConstraint("tenant", "key_sha256", name="pk_api_keys"),
    )
    op.create_table(
        "batches",
        *_texts("tenant", "edge", "stream"),
        _number("seq"),
        _bytes("sha256"),
        _number("received_ms"),
        sa.CheckConstraint("length(sha256) = 32", name="ck_batches_sha256_is_32_bytes"),
        sa.PrimaryKeyConstraint("tenant", "edge", "stream", "seq", name="pk_batches"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_batches_tenant_received_ms", "batches", ["tenant", "received_ms"])
    op.create_table(
        "code_uses",
        *_texts("tenant", "card"),
        *_numbers("step", "at_ms"),
        sa.PrimaryKeyConstraint("tenant", "card", "step", name="pk_code_uses"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_code_uses_tenant_at_ms", "code_uses", ["tenant", "at_ms"])
    op.create_table(
        "consent_entries",
        *_texts("tenant", "person"),
        _number("sequence"),
        *_texts("purpose", "change"),
        _number("at_ms"),
        _number("until_ms", nullable=True),
        *_texts("place", "text_version", "text_sha256", "language", "evidence"),
        sa.CheckConstraint(
            "change IN ('given', 'withdrawn', 'expired', 'renewed')",
            name="ck_consent_entries_change",
        ),
        sa.PrimaryKeyConstraint("tenant", "person", "sequence", name="pk_consent_entries"),
    )
    op.create_table(
        "day_keys",
        _text("tenant"),
        _number("day"),
        _bytes("key"),
        sa.PrimaryKeyConstraint("tenant", "day", name="pk_day_keys"),
    )
    op.create_table(
        "facts",
        *_texts("tenant", "fact", "person"),
        *_numbers("position", "recorded_ms"),
        _text("fact_json"),
        sa.PrimaryKeyConstraint("tenant", "fact", name="pk_facts"),
        sa.UniqueConstraint("tenant", "person", "position", name="uq_facts_tenant_person_position"),
    )
    op.create_index("ix_facts_tenant_recorded_ms", "facts", ["tenant", "recorded_ms"])
    op.create_table(
        "intervals",
        *_texts("tenant", "person", "store"),
        _number("first_ms"),
        *_texts("edge", "scanner", "carrier"),
        *_numbers("last_ms", "n"),
        sa.Column("evidence", sa.SmallInteger(), nullable=False),
        _text("zone", nullable=True),
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
        _text("tenant"),
        _bytes("name_sha256"),
        _bytes("request_sha256"),
        _bytes("sealed"),
        _number("expires_ms"),
        sa.PrimaryKeyConstraint("tenant", "name_sha256", name="pk_kept_answers"),
    )
    op.create_index("ix_kept_answers_tenant_expires_ms", "kept_answers", ["tenant", "expires_ms"])
    op.create_table(
        "profiles",
        *_texts("tenant", "profile"),
        _text("first_name", nullable=True),
        _text("language", nullable=True),
        _text("external_ids_json"),
        sa.Column("staff", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "profile", name="pk_profiles"),
    )
    op.create_table(
        "quarantined_batches",
        *_texts("tenant", "edge", "stream"),
        _number("seq"),
        _bytes("sha256"),
        _number("received_ms"),
        _bytes("payload"),
        _text("reason"),
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
        *_texts("tenant", "staff", "name", "role", "stores_json", "language"),
        _text("password_hash", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "staff", name="pk_staff"),
    )
    op.create_table(
        "stores",
        *_texts("tenant", "store", "name", "timezone"),
        sa.PrimaryKeyConstraint("tenant", "store", name="pk_stores"),
    )
    op.create_table(
        "streams",
        *_texts("tenant", "edge", "stream", "ranges"),
        _number("updated_ms"),
        sa.PrimaryKeyConstraint("tenant", "edge", "stream", name="pk_streams"),
    )
    op.create_table(
        "deliveries",
        *_texts("tenant", "sink", "fact", "person"),
        *_numbers("position", "recorded_ms"),
        _text("state"),
        *_numbers("due_ms", "attempt"),
        _number("done_ms", nullable=True),
        _text("reason", nullable=True),
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
        **_only("state = 'waiting'"),
    )
    op.create_index(
        "ix_deliveries_next",
        "deliveries",
        ["tenant", "sink", "person", "position"],
        **_only("state = 'waiting'"),
    )
    op.create_index("ix_deliveries_tenant_done_ms", "deliveries", ["tenant", "done_ms"])
    op.create_index("ix_deliveries_tenant_fact", "deliveries", ["tenant", "fact"])
    op.create_table(
        "edges",
        *_texts("tenant", "edge", "store"),
        sa.Column("active", sa.Boolean(), nullable=False),
        _text("zones_json"),
        sa.ForeignKeyConstraint(
            ["tenant", "store"], ["stores.tenant", "stores.store"], name="fk_edges_stores"
        ),
        sa.PrimaryKeyConstraint("tenant", "edge", name="pk_edges"),
    )
    op.create_table(
        "enrolments",
        *_texts("tenant", "person", "profile"),
        _number("device_no"),
        _bytes("mac_key"),
        _bytes("device_token_sha256"),
        _text("phone_model", nullable=True),
        _number("created_ms"),
        _number("revoked_ms", nullable=True),
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
        _text("tenant"),
        _bytes("token_sha256"),
        _text("staff"),
        _number("expires_ms"),
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
        _text("tenant"),
        _bytes("ticket_sha256"),
        _text("profile"),
        _number("expires_ms"),
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
        *_texts("tenant", "visit", "person", "store"),
        _number("handle"),
        _text("state"),
        _number("revision"),
        sa.Column("converted", sa.Boolean(), nullable=False),
        *_numbers("start_ms", "end_ms"),
        _number("gone_ms", nullable=True),
        _number("due_ms"),
        _text("session_json"),
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
        **_only("state <> 'ended'"),
    )
    op.create_index(
        "ix_visits_present",
        "visits",
        ["tenant", "store", "gone_ms"],
        **_only("state <> 'ended'"),
    )
    op.create_index("ix_visits_reported", "visits", ["tenant", "store", "start_ms", "visit"])
    op.create_index(
        "ix_visits_tenant_person_store_start_ms",
        "visits",
        ["tenant", "person", "store", "start_ms"],
    )
    op.create_table(
        "zones",
        *_texts("tenant", "store", "zone", "name"),
        sa.ForeignKeyConstraint(
            ["tenant", "store"], ["stores.tenant", "stores.store"], name="fk_zones_stores"
        ),
        sa.PrimaryKeyConstraint("tenant", "store", "zone", name="pk_zones"),
    )
    op.create_table(
        "cards",
        *_texts("tenant", "card", "person"),
        _bytes("secret"),
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
        *_texts("tenant", "person"),
        *_numbers("first_window", "last_window"),
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


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    kind = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
    return sa.Column(name, kind, nullable=nullable)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [_text(name) for name in names]


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable, autoincrement=False)


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [_number(name) for name in names]


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _only(rows: str) -> dict[str, sa.TextClause]:
    return {"sqlite_where": sa.text(rows), "postgresql_where": sa.text(rows)}


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
    "day_keys",
    "consent_entries",
    "code_uses",
    "batches",
    "api_keys",
    "anchors",
)
"""Those that refer to others before those."""
