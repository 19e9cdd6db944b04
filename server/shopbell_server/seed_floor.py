"""The floor of a store in a seed: its levels with zones and scanners, in metres.

Owns: the shape of `stores[].floor`, and the plan that it becomes.
Never: whether a plan makes sense (`core.zones.plan.flaws`), or writing it (`usecases.sow`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from shopbell_server.core.ids import EdgeId, ZoneId
from shopbell_server.core.zones.plan import FloorPlan, Level, Rectangle, Spot, ZonePart
from shopbell_wire.messages import Name

if TYPE_CHECKING:
    from collections.abc import Sequence

Metres = Annotated[float, Meta(ge=-10_000, le=10_000)]

Sides = tuple[Metres, Metres, Metres, Metres]
"""Left, bottom, right, top."""


class SeedZonePart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rectangle of a zone; a zone that is no rectangle has several."""

    zone: Name
    rect: Sides


class SeedSpot(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a scanner hangs: x, y, and z above the floor of its level."""

    edge: Name
    scanner: Name
    at: tuple[Metres, Metres, Metres]


class SeedLevel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One floor of a building."""

    level: Name
    extent: Sides
    zones: tuple[SeedZonePart, ...]
    scanners: tuple[SeedSpot, ...]


def plan_of(levels: Sequence[SeedLevel]) -> FloorPlan:
    """Return the plan that a seed describes, without surveys: these are walked, not written."""
    return FloorPlan(
        levels=tuple(
            Level(
                name=each.level,
                extent=_rectangle(each.extent),
                zones=tuple(
                    ZonePart(zone=ZoneId(part.zone), within=_rectangle(part.rect))
                    for part in each.zones
                ),
                spots=tuple(_spot(spot) for spot in each.scanners),
            )
            for each in levels
        )
    )


def _rectangle(sides: Sides) -> Rectangle:
    left, bottom, right, top = sides
    return Rectangle(left_m=left, bottom_m=bottom, right_m=right, top_m=top)


def _spot(spot: SeedSpot) -> Spot:
    x, y, z = spot.at
    return Spot(edge=EdgeId(spot.edge), scanner=spot.scanner, x_m=x, y_m=y, z_m=z)
