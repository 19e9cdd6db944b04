"""The tables of what other channels said.

Owns: columns, keys and indexes, as `tables` does.
Never: what a fact says: that is in its box, its kind and its key included.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, Index, Table, text

from shopbell_server.db.columns import (
    METADATA,
    bytes_column,
    key,
    number_columns,
    refers,
    sealed_column,
    text_column,
    text_columns,
)

SAID_BY: Final = text("said_by <> ''")
"""Facts that go where an identifier goes. Said to the letter in index and query."""

CHANNEL_FACTS: Final = Table(
    "channel_facts",
    METADATA,
    *text_columns("tenant", "profile"),
    # By what a fact of the same kind and key is found; the tenant's key hides both.
    bytes_column("key_mark"),
    # The identifier of which it was said; empty: the profile itself.
    text_column("said_by"),
    # By how long it is kept: of that the kinds differ, and the job cannot open boxes.
    text_column("shelf"),
    *number_columns("counts_from_ms", "at_ms"),
    bytes_column("mark"),
    sealed_column("sealed"),
    key("profile", "key_mark", "said_by"),
    refers("profiles", "profile"),
    CheckConstraint("shelf IN ('service', 'wishes', 'tiers')", name="shelf"),
    CheckConstraint("length(key_mark) = 16 AND length(mark) = 16", name="marks_are_16_bytes"),
    Index(None, "tenant", "shelf", "counts_from_ms"),
    Index(
        "ix_channel_facts_said_by",
        "tenant",
        "said_by",
        sqlite_where=SAID_BY,
        postgresql_where=SAID_BY,
    ),
)

CHANNEL_MESSAGES: Final = Table(
    "channel_messages",
    METADATA,
    text_column("tenant"),
    # No more than this is remembered of a message, and nobody finds a person by it.
    bytes_column("mark"),
    key("mark"),
    CheckConstraint("length(mark) = 16", name="mark_is_16_bytes"),
    sqlite_with_rowid=False,
)
