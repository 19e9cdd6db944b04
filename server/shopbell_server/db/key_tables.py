"""The table of a store of keys: in a file or a database of its own, never in the one that it seals.

Owns: its columns, and making it.
Never: migrations: it has had one form.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, MetaData, Table

from shopbell_server.db.columns import METADATA, bytes_column, key, text_columns

KEYS_METADATA: Final = MetaData(naming_convention=METADATA.naming_convention)

OWNER_KEYS: Final = Table(
    "owner_keys",
    KEYS_METADATA,
    *text_columns("tenant", "owner"),
    bytes_column("key"),
    key("owner"),
    CheckConstraint("length(key) = 32", name="key_is_32_bytes"),
    # One tree: a key stands in one place of the file.
    sqlite_with_rowid=False,
)
