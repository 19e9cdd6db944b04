"""A building as people and signals meet it: levels, walls, racks, doors, stairs, scanners.

Owns: geometry in metres, x to the right, y towards the street, which begins at the depth of level 0.
Never: files (`adapters.site_file`), ways (`ways`), or how much of a signal is lost (`ether`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shopbell_sim.core.site.shapes import Wall, Zone

LEVEL_M: Final = 4.0
"""From floor to floor, as department stores are built."""


class Place(NamedTuple):
    """A place on a level, in metres."""

    level: int
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rack:
    """Furniture that people walk round and signals pass less well; `density` 1 is a full gondola."""

    left: float
    top: float
    width_m: float
    depth_m: float
    density: float = 1.0

    @property
    def right(self) -> float:
        """The far side of it, x."""
        return self.left + self.width_m

    @property
    def bottom(self) -> float:
        """The side towards the street, y."""
        return self.top + self.depth_m


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelPlan:
    """One floor. Levels are numbered from the bottom; the street is before level 0."""

    number: int
    name: str
    width_m: float
    depth_m: float
    zones: tuple[Zone, ...]
    walls: tuple[Wall, ...]
    racks: tuple[Rack, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stairs:
    """A way between two levels, in both directions alike."""

    below: Place
    above: Place
    takes_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """A scanner: it listens for `duty` of every `scan_ms`, on one channel each, then on the next.

    After `scans_s` of that it rests for `rests_s`: BlueZ's discovery scans 10.24 s and rests 5.12.
    """

    name: str
    edge: str
    zone: str
    at: Place
    height_m: float = 2.3
    offset_db: float = 0.0
    duty: float = 1.0
    scan_ms: float = 60.0
    scans_s: float = 10.24
    rests_s: float = 5.12
    enter_loss_db: float = 20.0
    leave_loss_db: float = 30.0
    """What its edge is told: near enough to have come in, too weak to count."""


class Spot(NamedTuple):
    """Where somebody stands who looks at a shelf, and the direction in which it is."""

    at: Place
    faces_rad: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A shop. `slab_db` is what a ceiling takes of a signal."""

    name: str
    street_m: float
    levels: tuple[LevelPlan, ...]
    doors: tuple[Place, ...]
    stairs: tuple[Stairs, ...]
    receivers: tuple[Receiver, ...]
    tills: tuple[Place, ...]
    slab_db: float = 15.0

    @property
    def ground(self) -> LevelPlan:
        """The level with the doors."""
        return self.levels[0]

    def is_outside(self, at: Place) -> bool:
        """Return whether `at` is in the street."""
        return at.level == 0 and at.y >= self.ground.depth_m

    def zone_ids(self) -> tuple[str, ...]:
        """Return every zone once, in the order of `zones_at`."""
        return tuple(zone.id for level in self.levels for zone in level.zones)

    def zones_at(
        self, levels: NDArray[np.int64], xs: NDArray[np.float64], ys: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Return the number of the zone (as of `zone_ids`) of each place; -1 where there is none."""
        found = np.full(len(xs), -1, dtype=np.int64)
        number = 0
        for level in self.levels:
            here = levels == level.number
            for zone in level.zones:
                within = here & (found < 0) & _inside(zone, xs, ys)
                found[within] = number
                number += 1
        return found

    def spots(self) -> tuple[Spot, ...]:
        """Return where there is something to look at: before both long sides of every rack."""
        return tuple(
            spot
            for level in self.levels
            for rack in level.racks
            for spot in _before(level, rack)
            if not any(_covers(other, spot.at) for other in level.racks)
        )


REACH_M: Final = 0.6
"""So far from a shelf stands who looks at it."""

STEP_M: Final = 2.0
"""A shelf of so many metres is one thing to look at."""


def _before(level: LevelPlan, rack: Rack) -> list[Spot]:
    spots = []
    upright = rack.depth_m >= rack.width_m
    length_m = rack.depth_m if upright else rack.width_m
    count = max(1, round(length_m / STEP_M))
    for index in range(count):
        along = (index + 0.5) * length_m / count
        if upright:
            y = rack.top + along
            sides = [(rack.left - REACH_M, y, 0.0), (rack.right + REACH_M, y, math.pi)]
        else:
            x = rack.left + along
            sides = [(x, rack.top - REACH_M, math.pi / 2), (x, rack.bottom + REACH_M, -math.pi / 2)]
        spots += [
            Spot(Place(level.number, x, y), faces)
            for x, y, faces in sides
            if 0 < x < level.width_m and 0 < y < level.depth_m
        ]
    return spots


def _covers(rack: Rack, at: Place) -> bool:
    return rack.left <= at.x <= rack.right and rack.top <= at.y <= rack.bottom


def _inside(zone: Zone, xs: NDArray[np.float64], ys: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which places lie within the outline: crossings of a ray are odd."""
    odd = np.zeros(len(xs), dtype=np.bool_)
    for a, b in zip(zone.outline, (*zone.outline[1:], zone.outline[0]), strict=True):
        if a.y == b.y:
            continue
        between = (a.y > ys) != (b.y > ys)
        odd ^= between & (xs < (b.x - a.x) * (ys - a.y) / (b.y - a.y) + a.x)
    return odd
