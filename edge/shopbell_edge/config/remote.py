"""What the server may set: a document of settings laid over the edge's own file.

Owns: how the document and the file are joined, and whether its scanners are here.
Never: which keys may be set (`shopbell_wire.settable`), or trust (`core.obedience`). What is joined is
checked as a file is, whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shopbell_edge.config.tables import BluetoothRadio
from shopbell_program.settings import Fault
from shopbell_wire.settable import SCANNERS, SETTABLE, unsettable

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
    for key, problem in unsettable(settings):
        yield Fault(key=key, problem=problem)
    scanners = settings.get(SCANNERS)
    if not isinstance(scanners, dict):
        return
    here = {
        _scanner(entry, naming)
        for listed, naming in _NAMES.items()
        for entry in file.get(listed, ())
    }
    for scanner in scanners.keys() - here:
        known = ", ".join(sorted(here)) or "none"
        yield Fault(key=f"{SCANNERS}.{scanner}", problem=f"is not here; what is: {known}")


def _scanner(entry: Mapping[str, Any], naming: str) -> str:
    return str(entry.get("scanner", entry.get(naming, BluetoothRadio().adapter)))
