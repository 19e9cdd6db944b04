"""The table of a store of keys, and the one by which a database knows its store.

Owns: their columns. The first is in a file or a database of its own, never in the one that it seals; it has
had one form, so that no migration is about it.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, MetaData, PrimaryKeyConstraint, Table

from shopbell_server.db.columns import METADATA, bytes_column, key, text_column, text_columns

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

PAIRED_KEYS: Final = Table(
    "paired_keys",
    METADATA,
    # In the database that is sealed: a mark that only the keys which seal it make.
    text_column("tenant"),
    bytes_column("mark"),
    PrimaryKeyConstraint("tenant"),
    CheckConstraint("length(mark) = 32", name="mark_is_32_bytes"),
)
