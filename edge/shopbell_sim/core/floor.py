"""A shop as radio and feet know it: zones, scanners, walls, the ways between.

Owns: geometry in metres, x to the right and y towards the street; where somebody can stand and walk.
Never: people (`shopper`) or signals (`radio`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from shopbell_sim.core.site.shapes import Point, Wall, Zone, crosses, inside, rectangle


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """A radio of `edge`. `offset_db` is what it hears more than the others."""

    name: str
    edge: str
    zone: str
    at: Point
    offset_db: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A piece of furniture: drawn, walked around, and a wall for signals."""

    corner: Point
    width_m: float
    depth_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """A shop. People walk along the main aisle (`aisle_y`) and turn off to where they want to be."""

    width_m: float
    depth_m: float
    street_m: float
    """Pavement before the door that is still simulated."""
    zones: tuple[Zone, ...]
    scanners: tuple[Scanner, ...]
    walls: tuple[Wall, ...]
    shelves: tuple[Shelf, ...]
    door: Point
    till: Point
    queue: tuple[Point, ...]
    """Where people wait, the first nearest to the till."""
    spots: tuple[Point, ...]
    """Where there is something to look at."""
    aisle_y: float

    def zone_at(self, at: Point) -> str | None:
        """Return the id of the zone that `at` lies in, None outside of all."""
        return next((zone.id for zone in self.zones if inside(zone.outline, at)), None)

    def losses_db(self, a: Point, b: Point) -> float:
        """Return what the walls between `a` and `b` take, in dB."""
        return sum(wall.loss_db for wall in self.walls if crosses(a, b, wall.a, wall.b))

    def route(self, a: Point, b: Point) -> tuple[Point, ...]:
        """Return the corners of a way from `a` to `b`, `b` the last: through door and aisle."""
        corners: list[Point] = []
        if self.is_outside(a) != self.is_outside(b):
            corners.append(self.door)
        if not self.is_outside(a) and not self.is_outside(b) and self._is_one_aisle(a, b):
            return (b,)
        if not self.is_outside(b):
            start = corners[-1] if corners else a
            corners += [Point(start.x, self.aisle_y), Point(b.x, self.aisle_y)]
        elif not self.is_outside(a):
            corners = [Point(a.x, self.aisle_y), Point(self.door.x, self.aisle_y), self.door]
        return (*corners, b)

    def is_outside(self, at: Point) -> bool:
        """Return whether `at` is in the street."""
        return at.y >= self.depth_m

    def _is_one_aisle(self, a: Point, b: Point) -> bool:
        return abs(a.x - b.x) < _SAME_AISLE_M and (a.y < self.aisle_y) == (b.y < self.aisle_y)


_SAME_AISLE_M: Final = 0.5


def distance_m(a: Point, b: Point) -> float:
    """Return the distance in metres."""
    return math.hypot(a.x - b.x, a.y - b.y)


GLASS_DB: Final = 3.0
"""A light partition takes 2.7 to 3.8 dB (measured by MIT-LL), and so does a shop window."""

SHELF_DB: Final = 2.0
"""A full gondola at phone height; crossing three of them turns n = 2 into about 3, as shops have it."""

_SHELF_X: Final = (4.5, 9.0, 13.5, 18.0)
_SHELF_TOP: Final = 1.6
_SHELF_DEPTH: Final = 4.6
_SHELF_WIDTH: Final = 1.0


def _demo_floor() -> Floor:
    """Return 24 by 14 m: the entrance on the left, the till on the right, four gondolas."""
    shelves = tuple(
        Shelf(corner=Point(x, _SHELF_TOP), width_m=_SHELF_WIDTH, depth_m=_SHELF_DEPTH)
        for x in _SHELF_X
    )
    middles = [x + _SHELF_WIDTH / 2 for x in _SHELF_X]
    window = (
        Wall(a=Point(0, 14), b=Point(3, 14), loss_db=GLASS_DB),
        Wall(a=Point(5, 14), b=Point(24, 14), loss_db=GLASS_DB),
    )
    gondolas = tuple(
        Wall(a=Point(x, _SHELF_TOP), b=Point(x, _SHELF_TOP + _SHELF_DEPTH), loss_db=SHELF_DB)
        for x in middles
    )
    return Floor(
        width_m=24,
        depth_m=14,
        street_m=4.5,
        zones=(
            Zone(id="entrance", name="Entrance", outline=rectangle(0, 8.5, 8, 14)),
            Zone(id="till", name="Till", outline=rectangle(15, 8.5, 24, 14)),
            Zone(
                id="floor",
                name="Shop floor",
                outline=(
                    Point(0, 0), Point(24, 0), Point(24, 8.5), Point(15, 8.5), Point(15, 14),
                    Point(8, 14), Point(8, 8.5), Point(0, 8.5),
                ),
            ),
        ),
        scanners=(
            Scanner(name="door-radio", edge="door", zone="entrance", at=Point(4, 10.6)),
            Scanner(name="floor-radio", edge="floor", zone="floor", at=Point(14, 3.9)),
            Scanner(name="till-radio", edge="till", zone="till", at=Point(22.6, 12.4)),
        ),
        walls=(*window, *gondolas),
        shelves=shelves,
        door=Point(4, 14),
        till=Point(20, 10.7),
        queue=tuple(Point(18.9 - 0.65 * place, 10.1) for place in range(6)),
        spots=tuple(
            Point(x, y) for x in (3.6, 6.6, 8.2, 11.2, 12.8, 15.6, 17.2, 20.2) for y in (2.4, 4.0, 5.6)
        ),
        aisle_y=7.4,
    )  # fmt: skip


DEMO_FLOOR: Final = _demo_floor()
"""The shop of the demo and of scenarios that name no other."""
