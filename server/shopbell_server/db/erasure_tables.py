"""Tables of who was forgotten.

Owns: columns, keys and indexes, as `tables` does.
Never: a name, or anything by which somebody could be found without the tenant's key.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, Index, Table, text

from shopbell_server.db.columns import (
    METADATA,
    bytes_column,
    key,
    number_column,
    sha256_only,
    text_column,
    text_columns,
)

UNDONE: Final = text("done_ms IS NULL")
"""Said to the letter in index and queries."""

ERASURES: Final = Table(
    "erasures",
    METADATA,
    # The ids are those of the ledger and the audit; nothing else of her is anywhere.
    *text_columns("tenant", "erasure", "person"),
    text_column("profiles_json"),
    number_column("asked_ms"),
    text_column("asked_by"),
    number_column("keys_ms", nullable=True),
    number_column("done_ms", nullable=True),
    key("erasure"),
    CheckConstraint("asked_by IN ('phone', 'operator', 'server')", name="asked_by"),
    Index(None, "tenant", "asked_ms"),
    Index("ix_erasures_undone", "tenant", "asked_ms", sqlite_where=UNDONE, postgresql_where=UNDONE),
)

TOMBSTONES: Final = Table(
    "tombstones",
    METADATA,
    *text_columns("tenant", "kind"),
    bytes_column("mark"),
    number_column("erased_ms"),
    key("kind", "mark"),
    sha256_only("mark"),
    Index(None, "tenant", "erased_ms"),
    sqlite_with_rowid=False,
)
