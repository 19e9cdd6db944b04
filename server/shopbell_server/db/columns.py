"""What tables are made of.

Owns: how constraints are named, and how text compares.
Never: a table.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Text,
)
from sqlalchemy.dialects import postgresql

METADATA: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)
"""Constraints have names, so that an error can say which one without saying whose row."""

BYTEWISE: Final = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def text_column(name: str, *, nullable: bool = False) -> Column[str]:
    """Return a column of text, which may only be missing if `nullable`."""
    return Column(name, BYTEWISE, nullable=nullable)


def text_columns(*names: str) -> list[Column[str]]:
    """Return columns of text, none of which may be missing."""
    return [text_column(name) for name in names]


def number_column(name: str, *, nullable: bool = False) -> Column[int]:
    """Return a column of whole numbers of 64 bits."""
    return Column(name, BigInteger, nullable=nullable, autoincrement=False)


def number_columns(*names: str) -> list[Column[int]]:
    """Return columns of whole numbers, none of which may be missing."""
    return [number_column(name) for name in names]


def bytes_column(name: str) -> Column[bytes]:
    """Return a column of bytes."""
    return Column(name, LargeBinary, nullable=False)


def sealed_column(name: str, *, nullable: bool = False) -> Column[bytes]:
    """Return a column of boxes (`ports.boxes`): what is in them nobody reads without its owner's key."""
    return Column(name, LargeBinary, nullable=nullable)


def key(*columns: str) -> PrimaryKeyConstraint:
    """Return the primary key: the tenant, then `columns`."""
    return PrimaryKeyConstraint("tenant", *columns)


def refers(table: str, column: str) -> ForeignKeyConstraint:
    """Return the reference of `column` to the column of that name in `table`, within the tenant."""
    return ForeignKeyConstraint(["tenant", column], [f"{table}.tenant", f"{table}.{column}"])


def sha256_only(column: str) -> CheckConstraint:
    """Return the condition that `column` holds a SHA-256."""
    return CheckConstraint(f"length({column}) = 32", name=f"{column}_is_32_bytes")
