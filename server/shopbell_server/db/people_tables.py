"""The tables of people: profiles, enrolments, cards, the consent ledger and the day keys.

Owns: their columns, keys, constraints and indexes, for SQLite and PostgreSQL alike.
Never: triggers (the migrations have them), nor what a row means in the core.

What `tables` says of keys, times and identifiers holds here as well.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Table,
    UniqueConstraint,
    text,
)

from shopbell_server.db.columns import (
    METADATA,
    bytes_column,
    key,
    number_column,
    number_columns,
    refers,
    sealed_column,
    sha256_only,
    text_column,
    text_columns,
)

OUTLIVING: Final = text("forgotten_ms IS NOT NULL")
"""Profiles that somebody was forgotten of and that stayed: few. Said to the letter in index and query."""

ENDED: Final = text("revoked_ms IS NOT NULL")
"""Enrolments that somebody left: few."""

PROFILES: Final = Table(
    "profiles",
    METADATA,
    *text_columns("tenant", "profile"),
    sealed_column("first_name_box", nullable=True),
    text_column("language", nullable=True),
    Column("staff", Boolean, nullable=False),
    number_column("forgotten_ms", nullable=True),
    key("profile"),
    Index(
        "ix_profiles_outliving",
        "tenant",
        "profile",
        sqlite_where=OUTLIVING,
        postgresql_where=OUTLIVING,
    ),
)

TICKETS: Final = Table(
    "tickets",
    METADATA,
    text_column("tenant"),
    bytes_column("ticket_sha256"),
    text_column("profile"),
    number_column("expires_ms"),
    key("ticket_sha256"),
    refers("profiles", "profile"),
    sha256_only("ticket_sha256"),
    Index(None, "tenant", "expires_ms"),
)

ENROLMENTS: Final = Table(
    "enrolments",
    METADATA,
    *text_columns("tenant", "person", "profile"),
    number_column("device_no"),
    sealed_column("mac_key_box"),
    bytes_column("device_token_sha256"),
    sealed_column("phone_model_box", nullable=True),
    number_column("created_ms"),
    number_column("revoked_ms", nullable=True),
    # Triggers change it (migrations).
    Column("stamp", BigInteger, nullable=False, server_default="0"),
    key("person"),
    refers("profiles", "profile"),
    sha256_only("device_token_sha256"),
    UniqueConstraint("tenant", "device_no"),
    UniqueConstraint("tenant", "device_token_sha256"),
    Index(
        "ix_enrolments_ended",
        "tenant",
        "revoked_ms",
        sqlite_where=ENDED,
        postgresql_where=ENDED,
    ),
    Index(None, "tenant", "profile"),
)

CARDS: Final = Table(
    "cards",
    METADATA,
    *text_columns("tenant", "card", "person"),
    sealed_column("secret_box"),
    key("card"),
    refers("enrolments", "person"),
    Index(None, "tenant", "person"),
)

ISSUED: Final = Table(
    "issued_windows",
    METADATA,
    *text_columns("tenant", "person"),
    *number_columns("first_window", "last_window"),
    key("person", "first_window", "last_window"),
    refers("enrolments", "person"),
    CheckConstraint("first_window <= last_window", name="in_order"),
    Index(None, "tenant", "last_window"),
    sqlite_with_rowid=False,
)

FOR_A_WHILE: Final = text("until_ms IS NOT NULL")
"""Consents that end before their year does. Said to the letter in index and query, or it is not used."""

CONSENTS: Final = Table(
    "consent_entries",
    METADATA,
    *text_columns("tenant", "person"),
    number_column("sequence"),
    *text_columns("purpose", "change"),
    number_column("at_ms"),
    number_column("until_ms", nullable=True),
    *text_columns("place", "text_version", "text_sha256", "language", "evidence"),
    # No reference to the enrolment: the ledger outlives it.
    key("person", "sequence"),
    CheckConstraint("change IN ('given', 'withdrawn', 'expired', 'renewed')", name="change"),
    Index(None, "tenant", "at_ms"),
    Index(
        "ix_consent_entries_until",
        "tenant",
        "until_ms",
        sqlite_where=FOR_A_WHILE,
        postgresql_where=FOR_A_WHILE,
    ),
)

DAY_KEYS: Final = Table(
    "day_keys",
    METADATA,
    text_column("tenant"),
    number_column("day"),
    sealed_column("key_box"),
    key("day"),
)
