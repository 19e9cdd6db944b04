"""Columns of revision 1.

Frozen, as the revision is: `db.columns` may change, what was released may not.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


def text_column(name: str, *, nullable: bool = False) -> sa.Column[str]:
    """Return a column of text."""
    kind = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
    return sa.Column(name, kind, nullable=nullable)


def text_columns(*names: str) -> list[sa.Column[str]]:
    """Return columns of text, none of which may be missing."""
    return [text_column(name) for name in names]


def number_column(name: str, *, nullable: bool = False) -> sa.Column[int]:
    """Return a column of whole numbers of 64 bits."""
    return sa.Column(name, sa.BigInteger, nullable=nullable, autoincrement=False)


def number_columns(*names: str) -> list[sa.Column[int]]:
    """Return columns of whole numbers, none of which may be missing."""
    return [number_column(name) for name in names]


def bytes_column(name: str) -> sa.Column[bytes]:
    """Return a column of bytes."""
    return sa.Column(name, sa.LargeBinary, nullable=False)
