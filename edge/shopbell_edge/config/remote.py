"""What the server may set: a document of settings laid over the edge's own file.

Owns: which keys may be set from afar, and how the two are joined.
Never: trust (`core.obedience`). What is joined is checked as a file is, whole.

How an edge reaches its server, who it is, where it keeps what and which devices it has is the file's
alone: a document that could set these could cut the edge off, and nobody could set it right again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shopbell_edge.config.tables import BluetoothRadio
from shopbell_program.settings import Fault
from shopbell_wire.orders import OF_A_SCANNER, SCANNERS, SETTABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAMES: Final[Mapping[str, str]] = {"radios": "adapter"}
"""Lists of the file whose entries are scanners, and the key that names one that has no `scanner`."""


def over(file: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the decoded `file` with `settings` laid over it. Ask `faults_of` first."""
    document = dict(file)
    for name in SETTABLE:
        if name in settings:
            document[name] = {**file.get(name, {}), **settings[name]}
    scanners = settings.get(SCANNERS, {})
    for listed, naming in _NAMES.items():
        if listed in file:
            document[listed] = [
                {**entry, **scanners.get(_scanner(entry, naming), {})} for entry in file[listed]
            ]
    return document


def faults_of(file: Mapping[str, Any], settings: Mapping[str, Any]) -> list[Fault]:
    """Return what of `settings` may not be set from afar, or is of a scanner that is not here."""
    return list(_faults(file, settings))


def _faults(file: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[Fault]:
    here = {
        _scanner(entry, naming)
        for listed, naming in _NAMES.items()
        for entry in file.get(listed, ())
    }
    for name, table in settings.items():
        if name not in SETTABLE and name != SCANNERS:
            allowed = ", ".join([*SETTABLE, SCANNERS])
            yield Fault(key=name, problem=f"cannot be set from afar; what can: {allowed}")
        elif not isinstance(table, dict):
            yield Fault(key=name, problem="is no table")
        elif name == SCANNERS:
            yield from _of_scanners(table, here)


def _of_scanners(scanners: Mapping[str, Any], here: set[str]) -> Iterator[Fault]:
    for scanner, table in scanners.items():
        key = f"{SCANNERS}.{scanner}"
        if scanner not in here:
            yield Fault(
                key=key, problem=f"is not here; what is: {', '.join(sorted(here)) or 'none'}"
            )
        elif not isinstance(table, dict):
            yield Fault(key=key, problem="is no table")
        else:
            for unknown in sorted(table.keys() - OF_A_SCANNER):
                allowed = ", ".join(sorted(OF_A_SCANNER))
                yield Fault(
                    key=f"{key}.{unknown}", problem=f"cannot be set from afar; what can: {allowed}"
                )


def _scanner(entry: Mapping[str, Any], naming: str) -> str:
    return str(entry.get("scanner", entry.get(naming, BluetoothRadio().adapter)))
