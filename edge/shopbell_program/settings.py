"""A TOML file becomes one frozen tree, or a list of everything that is wrong with it.

Owns: reading, checking and explaining a configuration file.
Never: what a setting means. The trees are in the `config` module of each program.

msgspec converts and checks values but stops at the first error and calls an unknown key by its name
only. Somebody who edits a file on a ladder wants all mistakes at once, so every key is converted alone.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar, get_args, get_origin

import msgspec

from shopbell_program.allowed import allowed, listed, options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

T = TypeVar("T", bound=msgspec.Struct)

_MOST_BYTES = 1_000_000
"""A configuration of 1 MB is somebody's log file. Ours are under 10 KB."""

_MOST_SHOWN = 50
"""Faults in the text of an error."""

_LONGEST_SHOWN = 60
"""Characters of a value: one far longer than any right one says nothing more after its beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong: the key as it is written in the file, and what would be right."""

    key: str
    problem: str

    def __str__(self) -> str:
        return f"{self.key}: {self.problem}" if self.key else self.problem


class SettingsError(Exception):
    """The file cannot be used; `faults` holds everything that is wrong with it.

    The text has the first of them: more than fit on a screen are one mistake, or not a configuration.
    """

    def __init__(self, source: str, faults: Sequence[Fault]) -> None:
        self.source = source
        self.faults = tuple(faults)
        lines = [f"  {each}" for each in faults[:_MOST_SHOWN]]
        if len(faults) > _MOST_SHOWN:
            lines.append(f"  and {len(faults) - _MOST_SHOWN} more")
        super().__init__("\n".join([f"{source} cannot be used:", *lines]))


ELSEWHERE: Final = " Name another with --config."
"""What to do where a program's own settings are not there."""


def load(
    path: Path,
    kind: type[T],
    check: Callable[[T], Sequence[Fault]] = lambda _: (),
    *,
    elsewhere: str = "",
) -> T:
    """Return the settings in `path`, or raise SettingsError with all its faults.

    `check` looks at rules between settings; it is asked once each of them is right by itself. `elsewhere` is
    what to do if there is no such file.
    """
    return read(decoded(path, elsewhere), kind, check, source=str(path))


def decoded(path: Path, elsewhere: str = "") -> dict[str, Any]:
    """Return what the TOML in `path` says, nothing of it checked, or raise SettingsError.

    `elsewhere` is what to do if it is not there.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: no path has a NUL
        problem = unreadable(error) + (elsewhere if isinstance(error, FileNotFoundError) else "")
        raise SettingsError(str(path), [Fault(key="", problem=problem)]) from error
    if len(raw) > _MOST_BYTES:
        problem = (
            f"over {_MOST_BYTES} bytes; a configuration has a few thousand. Is this the right file?"
        )
        raise SettingsError(str(path), [Fault(key="", problem=problem)])
    try:
        return tomllib.loads(raw.decode())
    except UnicodeDecodeError as error:
        problem = f"not TOML: byte {error.start + 1} is no UTF-8. Is this the right file?"
        raise SettingsError(str(path), [Fault(key="", problem=problem)]) from error
    except (ValueError, RecursionError) as error:  # not TOML, a number of 5 000 digits
        problem = f"not TOML: {error}; text stands in quotes, a key once, a table's name in [ ]"
        raise SettingsError(str(path), [Fault(key="", problem=problem)]) from error


def read(
    document: Mapping[str, Any],
    kind: type[T],
    check: Callable[[T], Sequence[Fault]] = lambda _: (),
    *,
    source: str = "settings",
) -> T:
    """Return the settings in a decoded document, or raise SettingsError with all its faults."""
    faults: list[Fault] = []
    settings = _struct(document, kind, "", faults)
    if settings is not None and not faults:
        faults.extend(check(settings))
    if settings is None or faults:
        raise SettingsError(source, faults)
    return settings


def _struct(value: Mapping[str, Any], kind: type[T], path: str, faults: list[Fault]) -> T | None:
    """Convert a table key by key, so that one fault does not hide the next."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    tag = kind.__struct_config__.tag_field
    before = len(faults)
    faults.extend(
        Fault(key=_join(path, key), problem=_unknown(key, fields))
        for key in value
        if key not in fields and key != tag
    )
    converted: dict[str, Any] = {}
    for name, field in fields.items():
        if name in value:
            converted[field.name] = _value(value[name], field.type, _join(path, name), faults)
        elif field.required:
            faults.append(Fault(key=_join(path, name), problem=f"missing; {allowed(field.type)}"))
    return kind(**converted) if len(faults) == before else None


def _value(value: object, kind: Any, path: str, faults: list[Fault]) -> Any:  # noqa: ANN401  # types as data
    structs = [
        each
        for each in options(kind)
        if isinstance(each, type) and issubclass(each, msgspec.Struct)
    ]
    if isinstance(value, dict) and structs:
        chosen = _tagged(value, structs, path, faults)
        return None if chosen is None else _struct(value, chosen, path, faults)
    for each in options(kind):
        if get_origin(each) is dict and isinstance(value, dict) and _holds_structs(each, 1):
            inner = get_args(each)[1]
            return {
                key: _value(item, inner, _join(path, key), faults) for key, item in value.items()
            }
        # Of a list with a least length each table is looked at first, or one fault would hide where it is.
        bare = get_args(each)[0] if get_origin(each) is Annotated else each
        if get_origin(bare) is tuple and isinstance(value, list) and _holds_structs(bare):
            inner, before = get_args(bare)[0], len(faults)
            items = tuple(
                _value(item, inner, f"{path}[{index}]", faults) for index, item in enumerate(value)
            )
            if bare is each or len(faults) > before:
                return items
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        faults.append(Fault(key=path, problem=_explained(value, kind, error)))
        return None


def _tagged(
    value: Mapping[str, Any],
    structs: Sequence[type[msgspec.Struct]],
    path: str,
    faults: list[Fault],
) -> type[msgspec.Struct] | None:
    """Return the kind of table that its tag names; a lone kind needs no tag."""
    if len(structs) == 1:
        return structs[0]
    field = structs[0].__struct_config__.tag_field
    kinds = {str(each.__struct_config__.tag): each for each in structs}
    key = _join(path, str(field))
    named = value.get(str(field))
    if named is None:
        faults.append(Fault(key=key, problem=f"missing; one of {listed(kinds)}"))
        return None
    if not isinstance(named, str) or named not in kinds:
        faults.append(Fault(key=key, problem=f"{_shown(named)} is not one of {listed(kinds)}"))
        return None
    return kinds[named]


def _holds_structs(kind: Any, argument: int = 0) -> bool:  # noqa: ANN401  # types as data
    return any(
        isinstance(each, type) and issubclass(each, msgspec.Struct)
        for each in options(get_args(kind)[argument])
    )


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _unknown(key: str, fields: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(key, fields, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else f"there is: {', '.join(sorted(fields))}"
    return f"unknown key; {hint}"


def _explained(value: object, kind: Any, error: msgspec.ValidationError) -> str:  # noqa: ANN401  # types as data
    return f"{_shown(value)} is not allowed; {allowed(kind) or error}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        # Escaped, for it may hold what a terminal takes for a command.
        text = f'"{value}"' if value.isprintable() else repr(value)
    else:
        try:
            text = str(value)
        except ValueError:  # Python refuses to write out a number of 5 000 digits
            return "a number with thousands of digits"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."


def unreadable(error: OSError | ValueError) -> str:
    """Return why a file that a person named cannot be read, and what to do where that is plain."""
    match error:
        case FileNotFoundError():
            return "there is no such file."
        case PermissionError():
            return "this user may not read it."
        case IsADirectoryError():
            return "that is a folder."
        case OSError(strerror=str(why)):
            return why
        case _:
            return "cannot be read."
