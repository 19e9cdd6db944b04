"""Tables of what a retailer has and of who may ask: stores, zones, edges, orders, staff, keys, kept answers.

Owns: as `tables`, of which this is a part.
Never: customers.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Double, Index, Table

from shopbell_server.db.columns import (
    BYTEWISE,
    METADATA,
    bytes_column,
    key,
    number_column,
    number_columns,
    refers,
    sha256_only,
    text_column,
    text_columns,
)

STORES: Final = Table(
    "stores",
    METADATA,
    *text_columns("tenant", "store", "name", "timezone"),
    Column("latitude", Double, nullable=True),
    Column("longitude", Double, nullable=True),
    key("store"),
)

ZONES: Final = Table(
    "zones",
    METADATA,
    *text_columns("tenant", "store", "zone", "name"),
    key("store", "zone"),
    refers("stores", "store"),
)

EDGES: Final = Table(
    "edges",
    METADATA,
    *text_columns("tenant", "edge", "store"),
    Column("active", Boolean, nullable=False),
    text_column("zones_json"),
    key("edge"),
    refers("stores", "store"),
)

EDGE_ORDERS: Final = Table(
    "edge_orders",
    METADATA,
    *text_columns("tenant", "edge"),
    number_column("number"),
    text_column("task_json"),
    *number_columns("issued_ms", "expires_ms"),
    text_column("ordered_by"),
    text_column("result", nullable=True),
    text_column("reason", nullable=True),
    number_column("answered_ms", nullable=True),
    text_column("findings_json", nullable=True),
    key("edge", "number"),
    refers("edges", "edge"),
    CheckConstraint(
        "(result IS NULL AND reason IS NULL AND answered_ms IS NULL)"
        " OR (result IN ('done', 'refused', 'failed')"
        " AND reason IS NOT NULL AND answered_ms IS NOT NULL)",
        name="answer",
    ),
)

STAFF: Final = Table(
    "staff",
    METADATA,
    *text_columns("tenant", "staff", "name", "role", "stores_json", "language"),
    text_column("password_hash", nullable=True),
    key("staff"),
)

STAFF_SESSIONS: Final = Table(
    "staff_sessions",
    METADATA,
    text_column("tenant"),
    bytes_column("token_sha256"),
    text_column("staff"),
    # None: a link, which opens a session and is none.
    number_column("opened_ms", nullable=True),
    number_column("expires_ms"),
    Column("ends_ms", BigInteger, nullable=False, server_default="0"),
    key("token_sha256"),
    refers("staff", "staff"),
    sha256_only("token_sha256"),
    Index(None, "tenant", "expires_ms"),
)

SIGN_IN_TRIES: Final = Table(
    "sign_in_tries",
    METADATA,
    text_column("tenant"),
    bytes_column("name_sha256"),
    number_column("none_from_ms"),
    key("name_sha256"),
    sha256_only("name_sha256"),
    Index(None, "tenant", "none_from_ms"),
)

API_KEYS: Final = Table(
    "api_keys",
    METADATA,
    text_column("tenant"),
    bytes_column("key_sha256"),
    text_column("name"),
    Column("scopes", BYTEWISE, nullable=False, server_default="receipts tickets"),
    Column("created_ms", BigInteger, nullable=False, server_default="0"),
    number_column("revoked_ms", nullable=True),
    number_column("used_ms", nullable=True),
    key("key_sha256"),
    sha256_only("key_sha256"),
)

ANSWERS: Final = Table(
    "kept_answers",
    METADATA,
    text_column("tenant"),
    bytes_column("name_sha256"),
    bytes_column("request_sha256"),
    bytes_column("sealed"),
    number_column("expires_ms"),
    key("name_sha256"),
    Index(None, "tenant", "expires_ms"),
)
