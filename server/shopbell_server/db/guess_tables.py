"""The table of what scanners tried of loyalty numbers that nobody has.

Owns: its columns, key and indexes, as `tables` does.
Never: a number: only when one was tried that is nobody's.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table

from shopbell_server.db.columns import METADATA, key, number_columns, text_columns

NUMBER_GUESSES: Final = Table(
    "number_guesses",
    METADATA,
    *text_columns("tenant", "edge", "scanner", "unknown"),
    *number_columns("refused_until_ms", "put_ms"),
    key("edge", "scanner"),
    Index(None, "tenant", "put_ms"),
)
