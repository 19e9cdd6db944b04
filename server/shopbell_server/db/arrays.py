r"""A column of values as PostgreSQL reads it: the text of an array.

Owns: how values are spelled in one, and the SQL that makes rows of several of them.
Never: which columns there are.

The driver writes the same text, value by value in Python: of 200 stored visits 50 ms, of which nearly all
goes to the quotes in their JSON. As one text, put together here, it takes 1 ms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ARRAY, LargeBinary, Text, bindparam, cast, column, func

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Column, ColumnElement, TableValuedAlias

    Write = Callable[[Iterable[Any]], str]


def array(name: str, of: Column[Any]) -> ColumnElement[Any]:
    """Return the parameter `name`, a text that `writer(of)` wrote, as an array."""
    return cast(bindparam(name, type_=Text), ARRAY(of.type))


def rows_of(columns: Sequence[Column[Any]]) -> TableValuedAlias:
    """Return the rows that PostgreSQL makes of one array per column: parameters `all_` and its name."""
    return (
        func.unnest(*(array(f"all_{each.name}", each) for each in columns))
        .table_valued(*(column(each.name, each.type) for each in columns), name="incoming")
        .render_derived()
    )


def writer(of: Column[Any]) -> Write:
    """Return what writes values for `of`, a column of text, bytes, numbers or truth; None is NULL."""
    if isinstance(of.type, LargeBinary):
        return _bytes
    return _texts if isinstance(of.type, Text) else _numbers


class _Quoted(dict[str | None, str]):
    """Texts as they stand in an array. Most columns say the same few things in thousands of rows."""

    def __missing__(self, value: str | None) -> str:
        if value is None:
            return _NULL
        quoted = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        self[value] = quoted
        return quoted


def _texts(values: Iterable[str | None]) -> str:
    return _array(map(_Quoted().__getitem__, values))


def _bytes(values: Iterable[bytes | None]) -> str:
    return _array(_NULL if each is None else f'"\\\\x{each.hex()}"' for each in values)


def _numbers(values: Iterable[float | None]) -> str:
    values = tuple(values)
    if None in values:
        return _array(_NULL if each is None else str(each) for each in values)
    return _array(map(str, values))


def _array(values: Iterable[str]) -> str:
    return "{" + ",".join(values) + "}"


_NULL: Final = "NULL"
"""Without quotes; a text of that spelling has them."""
