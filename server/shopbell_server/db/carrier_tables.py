"""Tables of what people carry that is no phone.

Owns: columns, keys and indexes, as `tables` does.
Never: an id that can be heard.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table, UniqueConstraint

from shopbell_server.db.columns import (
    METADATA,
    bytes_column,
    key,
    number_column,
    refers,
    sha256_only,
    text_column,
    text_columns,
)

FIXED_IDS: Final = Table(
    "fixed_ids",
    METADATA,
    text_column("tenant"),
    bytes_column("mark"),
    *text_columns("name", "person"),
    number_column("registered_ms"),
    key("mark"),
    refers("enrolments", "person"),
    sha256_only("mark"),
    UniqueConstraint("tenant", "name"),
    Index(None, "tenant", "person"),
)
