"""What of an edge's settings may be set from afar.

Owns: the tables and keys, and what is said of others.
Never: whether a value fits: the edge knows its file and its scanners, and has the last word.

How an edge reaches its server, who it is, where it keeps what and which devices it has is the file's
alone: a document that could set these could cut the edge off, and nobody could set it right again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SETTABLE: Final = ("presence", "codes", "sending", "hours")
"""Tables of `edge.toml` that a document may set, each key of them; and `SCANNERS`."""

SCANNERS: Final = "scanners"
"""Settings of single scanners, by the name that events carry: `{"scanners": {"hci0": {…}}}`."""

OF_A_SCANNER: Final = frozenset({"offset_db", "enter_loss_db", "leave_loss_db", "silent_s"})
"""What somebody finds out by walking through the shop with a phone, and how patient a radio is."""


def unsettable(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what of a document may not be set: the key, and what is wrong with it."""
    return list(_unsettable(settings))


def _unsettable(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, table in settings.items():
        if name not in SETTABLE and name != SCANNERS:
            yield name, _not_from_afar([*SETTABLE, SCANNERS])
        elif not isinstance(table, dict):
            yield name, _NO_TABLE
        elif name == SCANNERS:
            yield from _of_scanners(table)


def _of_scanners(scanners: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for scanner, table in scanners.items():
        key = f"{SCANNERS}.{scanner}"
        if not isinstance(table, dict):
            yield key, _NO_TABLE
            continue
        for unknown in sorted(table.keys() - OF_A_SCANNER):
            yield f"{key}.{unknown}", _not_from_afar(sorted(OF_A_SCANNER))


_NO_TABLE: Final = "is no table"


def _not_from_afar(allowed: list[str]) -> str:
    return f"cannot be set from afar; what can: {', '.join(allowed)}"
