"""What an edge hears, by its own settings.

Owns: reading an `edge.toml` as far as the papers need it, and what was set from afar on top of it.
Never: judges the file as a whole; that is the edge's (`shopbell-edge check-config`).

What is always so stands in no setting: three frames of the retailer's own are heard, everything else is
dropped in memory, and pictures are looked at for codes and not kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from shopbell_program.settings import Fault, SettingsError, decoded
from shopbell_server.core.ids import EdgeId
from shopbell_wire.orders import Configure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from shopbell_server.core.edges.orders import Ordered

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CLOSED: Final = "closed"

Kind = Literal["radio", "camera", "barcode"]

_TABLES: Final[tuple[tuple[str, Kind], ...]] = (
    ("radios", "radio"),
    ("cameras", "camera"),
    ("usb_scanners", "barcode"),
)
"""Tables of sensors, and what they are."""

_ADAPTER: Final = "hci0"
"""The radio of a table that names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """One thing that senses, by the name that events carry."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensing:
    """What one edge senses and when."""

    sensors: tuple[Sensor, ...]
    fixed_ids: bool
    """Fobs and cards of the retailer's are heard."""
    numbers: bool
    """Loyalty numbers in barcodes are read; all other barcodes are ignored either way."""
    hours: tuple[tuple[str, str], ...] | None
    """Day and times; None: it knows no hours and always listens."""
    rests: bool
    """Outside the hours its radios are off."""


def read_edges(folder: Path) -> dict[EdgeId, Mapping[str, Any]]:
    """Return the settings of the edges whose files (`*.toml`) are in `folder`, by the name that each gives.

    Raises SettingsError for a folder without any, a file that is none of an edge's, or a name that two have.
    """
    found: dict[EdgeId, Mapping[str, Any]] = {}
    for path in sorted(folder.glob("*.toml")):
        document = decoded(path)
        name = document.get("edge")
        if not isinstance(name, str):
            problem = "names no edge; put only files of edges (edge.toml) into this folder"
            raise SettingsError(str(path), [Fault(key="edge", problem=problem)])
        if name in found:
            problem = f'"{name}" has a file here already; one for each edge'
            raise SettingsError(str(path), [Fault(key="edge", problem=problem)])
        found[EdgeId(name)] = document
    if not found:
        problem = "holds no file *.toml; put the edge.toml of every edge there"
        raise SettingsError(str(folder), [Fault(key="", problem=problem)])
    return found


def in_force(orders: Iterable[Ordered]) -> Mapping[str, Any]:
    """Return the settings from afar that an edge took last; `orders` with the latest first."""
    for ordered in orders:
        done = ordered.answer is not None and ordered.answer.result == "done"
        if done and isinstance(ordered.task, Configure):
            return ordered.task.settings
    return {}


def sensing_of(document: Mapping[str, Any], afar: Mapping[str, Any]) -> Sensing:
    """Return what the edge with this file senses, with `afar` (settings from afar) before it."""
    hours = {**_table(document.get("hours")), **_table(afar.get("hours"))}
    fixed = _table(document.get("static"))
    return Sensing(
        sensors=tuple(
            Sensor(kind=kind, name=str(each.get("scanner") or each.get("adapter") or _ADAPTER))
            for table, kind in _TABLES
            for each in _tables(document.get(table))
        ),
        fixed_ids=any(fixed.get(key) for key in ("ibeacons", "altbeacons", "namespaces")),
        numbers="numbers" in document,
        hours=tuple((day, str(hours.get(day, CLOSED))) for day in DAYS) if hours else None,
        rests=hours.get("radio") == "off",
    )


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _tables(value: object) -> Sequence[Mapping[str, Any]]:
    return [_table(each) for each in value] if isinstance(value, list) else []
