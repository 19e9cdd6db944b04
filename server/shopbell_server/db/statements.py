"""Statements that the two databases spell differently.

Owns: INSERT … ON CONFLICT, and the greater and the smaller of two values.
Never: which tables there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import ColumnElement, Executable, Table

    PerDatabase = Mapping[str, Executable]
    Changes = Callable[[Any, Any, "Words"], Mapping[str, ColumnElement[Any]]]


class Words:
    """The functions that differ: SQLite's `max` of two is PostgreSQL's `greatest`.

    With a NULL SQLite says NULL and PostgreSQL the other value: give both values, never a NULL.
    """

    def __init__(self, greater: str, smaller: str) -> None:
        self._greater = greater
        self._smaller = smaller

    def greater(self, one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return the greater of two values."""
        return getattr(func, self._greater)(one, other)  # type: ignore[no-any-return]

    def smaller(self, one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return the smaller of two values."""
        return getattr(func, self._smaller)(one, other)  # type: ignore[no-any-return]


def keeping(table: Table) -> PerDatabase:
    """Return an INSERT that leaves a row alone whose key is there; it then changes no row."""
    return {
        name: insert(table).on_conflict_do_nothing(index_elements=list(table.primary_key))
        for name, insert in _INSERTS.items()
    }


def replacing(table: Table) -> PerDatabase:
    """Return an INSERT that replaces everything of a row whose key is there."""
    others = [column.name for column in table.columns if column not in set(table.primary_key)]
    return merging(table, lambda _, new, __: {name: new[name] for name in others})


def merging(table: Table, changes: Changes) -> PerDatabase:
    """Return an INSERT that sets `changes(old, new, words)` where the key is there already."""
    merged = {}
    for name, insert in _INSERTS.items():
        statement = insert(table)
        merged[name] = statement.on_conflict_do_update(
            index_elements=list(table.primary_key),
            set_=changes(table.c, statement.excluded, _WORDS[name]),
        )
    return merged


_INSERTS: Final[Mapping[str, Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

_WORDS: Final = {"sqlite": Words("max", "min"), "postgresql": Words("greatest", "least")}
