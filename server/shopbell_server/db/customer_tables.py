"""The table of customers' sessions at their own page.

Owns: its columns, key, constraints and indexes, for SQLite and PostgreSQL alike.
Never: when a session is over (`core.access.customer_sessions`).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table

from shopbell_server.db.columns import (
    METADATA,
    bytes_column,
    key,
    number_columns,
    refers,
    sha256_only,
    text_column,
)

CUSTOMER_SESSIONS: Final = Table(
    "customer_sessions",
    METADATA,
    text_column("tenant"),
    bytes_column("token_sha256"),
    text_column("person"),
    *number_columns("opened_ms", "used_ms", "expires_ms"),
    key("token_sha256"),
    # An enrolment that is erased takes its sessions with it, or it cannot be erased.
    refers("enrolments", "person"),
    sha256_only("token_sha256"),
    Index(None, "tenant", "person"),
    Index(None, "tenant", "expires_ms"),
)
