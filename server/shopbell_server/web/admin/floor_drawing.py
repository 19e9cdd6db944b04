"""A level of a floor plan as a drawing: where its zones and scanners go, in a picture's own units.

Owns: the geometry. One metre is UNITS_M units; up on the plan is up in the picture.
Never: colours and words (the template and the style sheet), or files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.core.ids import EdgeId, ZoneId
    from shopbell_server.core.zones.plan import Level

UNITS_M: Final = 20.0
"""A shop of 40 m is 800 units wide, about as many pixels as it gets: text of 15 units is of 15 pixels."""

MARGIN_M: Final = 1.5
"""Scanners hang on walls, and their marks must not be cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A zone's rectangle; `x`, `y` are its upper left corner."""

    name: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A scanner."""

    name: str
    x: float
    y: float
    state: Literal["hears", "deaf", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A level: a picture of `width` by `height` units."""

    name: str
    width: float
    height: float
    outline: Box
    zones: Sequence[Box]
    scanners: Sequence[Mark]
    surveyed: bool


def drawn(
    level: Level, names: Mapping[ZoneId, str], hears: Mapping[tuple[EdgeId, str], bool]
) -> Drawing:
    """Return the drawing of a level; `hears` says of scanners that spoke whether they hear."""
    extent = level.extent
    xs = [extent.left_m, extent.right_m, *(each.x_m for each in level.spots)]
    ys = [extent.bottom_m, extent.top_m, *(each.y_m for each in level.spots)]
    left, top = min(xs) - MARGIN_M, max(ys) + MARGIN_M

    def box(name: str, left_m: float, top_m: float, right_m: float, bottom_m: float) -> Box:
        return Box(
            name=name,
            x=_units(left_m - left),
            y=_units(top - top_m),
            width=_units(right_m - left_m),
            height=_units(top_m - bottom_m),
        )

    return Drawing(
        name=level.name,
        width=_units(max(xs) + MARGIN_M - left),
        height=_units(top - min(ys) + MARGIN_M),
        outline=box("", extent.left_m, extent.top_m, extent.right_m, extent.bottom_m),
        zones=[
            box(
                names.get(each.zone, each.zone),
                each.within.left_m,
                each.within.top_m,
                each.within.right_m,
                each.within.bottom_m,
            )
            for each in level.zones
        ],
        scanners=[
            Mark(
                name=each.name,
                x=_units(each.x_m - left),
                y=_units(top - each.y_m),
                state=_state(hears.get((each.edge, each.scanner))),
            )
            for each in level.spots
        ],
        surveyed=level.survey is not None,
    )


def _state(hears: bool | None) -> Literal["hears", "deaf", "unknown"]:  # noqa: FBT001  (of a mapping)
    if hears is None:
        return "unknown"
    return "hears" if hears else "deaf"


def _units(metres: float) -> float:
    return round(metres * UNITS_M, 1)
