"""What may stand at a key of a configuration file, in the words of somebody who edits one.

Owns: the words, from the type alone; where a type has a `description` or `examples`, it is those.
Never: judges a value (`settings`).
"""

from __future__ import annotations

from types import UnionType
from typing import TYPE_CHECKING, Any, Final, Union, get_args, get_origin

from msgspec import inspect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def allowed(kind: Any) -> str:  # noqa: ANN401  # types as data
    """Say what may stand there; nothing for a type that no configuration has."""
    words = [_in_words(inspect.type_info(each)) for each in options(kind)]
    return " or ".join(dict.fromkeys(word for word in words if word))


def options(kind: Any) -> tuple[Any, ...]:  # noqa: ANN401  # types as data
    """Return the types of which a value may be one."""
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def listed(words: Iterable[object]) -> str:
    """Return `words` as they are written in a file, with commas between."""
    return ", ".join(f'"{word}"' for word in words)


def _in_words(info: inspect.Type) -> str:
    match info:
        case inspect.Metadata(type=inner, extra_json_schema=said):
            return _described(inner, said or {})
        case inspect.VarTupleType() | inspect.ListType():
            return _several(info)
        case inspect.TupleType(item_types=items):
            words = [_in_words(each) for each in items]
            each = f", each {words[0]}" if len(set(words)) == 1 else f": {', '.join(words)}"
            return f"a list of {len(items)}{each}"
        case inspect.StructType():
            return f"a table with {', '.join(field.encode_name for field in info.fields)}"
        case inspect.UnionType(types=(inspect.StructType() as first, *_)):
            kinds = (each.tag for each in info.types if isinstance(each, inspect.StructType))
            return f"a table with {first.tag_field} = one of {listed(kinds)}"
        case _:
            return _one(info)


def _one(info: inspect.Type) -> str:
    match info:
        case inspect.BoolType() | inspect.DateTimeType():
            return _WORDS[type(info)]
        case inspect.IntType():
            return f"a whole number{_bounds(info)}"
        case inspect.FloatType():
            return f"a number{_bounds(info)}"
        case inspect.StrType():
            return f"text that matches {info.pattern}" if info.pattern else "text in quotes"
        case inspect.LiteralType():
            return f"one of {listed(info.values)}"
        case _:
            return ""  # msgspec's own words will have to do


def _described(info: inspect.Type, said: Mapping[str, Any]) -> str:
    """Say it in the words of whoever wrote the type, if any: a pattern is for programs."""
    words = str(said.get("description", "")) or _in_words(info)
    examples = said.get("examples", ())
    return f"{words}, such as {listed(examples)}" if examples else words


def _several(info: inspect.VarTupleType | inspect.ListType) -> str:
    each = _in_words(info.item_type)
    least = f"{info.min_length} or more " if info.min_length else ""
    if _is_table(info.item_type):
        return f"{least}tables, each under [[…]]: {each}"
    return f"a list of {least.strip()}, each {each}" if least else f"a list, each {each}"


def _is_table(info: inspect.Type) -> bool:
    kinds = info.types if isinstance(info, inspect.UnionType) else (info,)
    return any(isinstance(each, inspect.StructType) for each in kinds)


def _bounds(info: inspect.IntType | inspect.FloatType) -> str:
    said = [
        f"{word} {bound:g}"
        for word, bound in (
            ("at least", info.ge),
            ("more than", info.gt),
            ("at most", info.le),
            ("less than", info.lt),
        )
        if bound is not None
    ]
    return f" {' and '.join(said)}" if said else ""


_WORDS: Final[dict[type[inspect.Type], str]] = {
    inspect.BoolType: "true or false",
    inspect.DateTimeType: "a moment with its zone, such as 2026-11-21T09:00:00+01:00",
}
"""Of what has no bounds."""
