"""A store's floor plan: its levels, where its zones lie and its scanners hang, and what was surveyed there.

Owns: the plan as it is kept, and the floors of the zone engine that follow from it.
Never: files (`seed` and `usecases.staff.surveys` read them), or devices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shopbell_server.core.ids import EdgeId, ZoneId
from shopbell_server.core.zones.floor import Area, Floor, Receiver

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Scanner = tuple[EdgeId, str]
"""A scanner by its edge and its name there."""

MOST_SCANNERS: Final = 64
"""Of one level: each costs every device of every tick its part. A level with more is two levels."""

MOST_PARTS: Final = 200
"""Rectangles of zones of one level: each is held against every cell. With 5 000 a plan of 200 by 200 m took
half a minute and 800 MB at every start."""

SMALLEST_M: Final = 1.0
"""A side of a level. What is shorter was written in kilometres, and nobody could walk in it."""

HIGHEST_M: Final = 30.0
"""Of a scanner above the floor of its level: no hall is higher."""

LARGEST_M: Final = 1_000.0
"""A side of a level. What is longer was written in centimetres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectangle:
    """Sides along the axes, in metres from the level's origin."""

    left_m: float
    bottom_m: float
    right_m: float
    top_m: float

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is in it."""
        return not (self.left_m < self.right_m and self.bottom_m < self.top_m)

    def holds(self, x_m: float, y_m: float) -> bool:
        """Return whether a point lies in it, its sides included."""
        return self.left_m <= x_m <= self.right_m and self.bottom_m <= y_m <= self.top_m

    def away_m(self, x_m: float, y_m: float) -> float:
        """Return how far a point is from it, in metres: 0 if it holds it."""
        across = max(self.left_m - x_m, 0.0, x_m - self.right_m)
        along = max(self.bottom_m - y_m, 0.0, y_m - self.top_m)
        return math.hypot(across, along)

    def area(self, name: str) -> Area:
        """Return it as the zone engine has it."""
        return Area(
            name=name,
            left_m=self.left_m,
            bottom_m=self.bottom_m,
            right_m=self.right_m,
            top_m=self.top_m,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonePart:
    """A rectangle of a zone. A zone has one or more, on one level or several."""

    zone: ZoneId
    within: Rectangle


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a scanner hangs; `z_m` above the floor of its level."""

    edge: EdgeId
    scanner: str
    x_m: float
    y_m: float
    z_m: float

    @property
    def name(self) -> str:
        """Return what a survey calls it."""
        return column_of((self.edge, self.scanner))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One line of a survey: how strongly each receiver, by its column, heard a phone at a point."""

    x_m: float
    y_m: float
    z_m: float
    heard_dbm: dict[str, float]
    """Of those that heard it; that of a phone of `readings.ZERO_LOSS_DBM`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a walk with a phone found on one level."""

    receivers: tuple[str, ...]
    """Those that listened: a line without one of them says that it did not hear."""

    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One floor of a building."""

    name: str
    extent: Rectangle
    zones: tuple[ZonePart, ...]
    spots: tuple[Spot, ...]
    survey: Survey | None = None

    def home_of(self, spot: Spot) -> ZoneId:
        """Return the zone in which a scanner hangs, or the nearest; the level must have one."""
        return min(self.zones, key=lambda part: part.within.away_m(spot.x_m, spot.y_m)).zone


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorPlan:
    """All levels of a store, in the order in which its operator wrote them."""

    levels: tuple[Level, ...]

    def level(self, name: str) -> Level | None:
        """Return the level of that name."""
        return next((each for each in self.levels if each.name == name), None)

    @property
    def spots(self) -> Mapping[Scanner, str]:
        """Return on which level each scanner hangs."""
        return {
            (spot.edge, spot.scanner): level.name for level in self.levels for spot in level.spots
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """What is wrong with a plan: where, and what to do."""

    where: str
    """A path below the plan, as `[0].zones[2].rect`."""

    problem: str


@dataclass(slots=True, kw_only=True)
class _Seen:
    levels: set[str] = field(default_factory=set)
    spots: set[Scanner] = field(default_factory=set)


def column_of(scanner: Scanner) -> str:
    """Return what a survey calls a scanner."""
    edge, name = scanner
    return f"{edge}/{name}"


def floor_of(level: Level) -> Floor:
    """Return the floor of the zone engine: receivers and zones in the level's order."""
    return Floor(
        extent=level.extent.area(level.name),
        receivers=tuple(
            Receiver(name=each.name, x_m=each.x_m, y_m=each.y_m, z_m=each.z_m)
            for each in level.spots
        ),
        zones=tuple(each.within.area(each.zone) for each in level.zones),
    )


def flaws(plan: FloorPlan, zones: Iterable[ZoneId], edges: Iterable[EdgeId]) -> Iterator[Flaw]:
    """Yield all that is wrong with `plan`, of a store that has these zones and edges."""
    if not plan.levels:
        yield Flaw(where="", problem="has no level; write one, or leave the floor out")
    known, machines, seen = frozenset(zones), frozenset(edges), _Seen()
    for index, level in enumerate(plan.levels):
        yield from _level(level, f"[{index}]", known, machines, seen)


def with_surveys_of(plan: FloorPlan, before: FloorPlan) -> FloorPlan:
    """Return `plan` with the surveys that levels of the same names had before."""
    levels = []
    for level in plan.levels:
        old = before.level(level.name)
        levels.append(level if old is None else with_survey(level, old.survey))
    return FloorPlan(levels=tuple(levels))


def with_survey(level: Level, survey: Survey | None) -> Level:
    """Return `level` with this survey, or with none."""
    return Level(
        name=level.name,
        extent=level.extent,
        zones=level.zones,
        spots=level.spots,
        survey=survey,
    )


def surveyed(plan: FloorPlan, name: str, survey: Survey | None) -> FloorPlan:
    """Return `plan` with another survey of the level of that name."""
    return FloorPlan(
        levels=tuple(
            with_survey(each, survey) if each.name == name else each for each in plan.levels
        )
    )


def _level(
    level: Level, at: str, zones: frozenset[ZoneId], edges: frozenset[EdgeId], seen: _Seen
) -> Iterator[Flaw]:
    if level.name in seen.levels:
        yield Flaw(
            where=f"{at}.level", problem=f'"{level.name}" stands twice; name each level once'
        )
    seen.levels.add(level.name)
    extent = level.extent
    yield from _extent(extent, f"{at}.extent")
    if not level.zones:
        yield Flaw(where=f"{at}.zones", problem="has no zone; write where at least one lies")
    if len(level.zones) > MOST_PARTS:
        problem = (
            f"has {len(level.zones)} rectangles, {MOST_PARTS} at most; draw fewer, or two levels"
        )
        yield Flaw(where=f"{at}.zones", problem=problem)
    for index, part in enumerate(level.zones):
        yield from _part(part, f"{at}.zones[{index}]", extent, zones)
    if not level.spots:
        yield Flaw(where=f"{at}.scanners", problem="has no scanner; write where at least one hangs")
    if len(level.spots) > MOST_SCANNERS:
        problem = f"has {len(level.spots)} scanners, {MOST_SCANNERS} at most; make two levels of it"
        yield Flaw(where=f"{at}.scanners", problem=problem)
    for index, spot in enumerate(level.spots):
        yield from _spot(spot, f"{at}.scanners[{index}]", extent, edges, seen)


def _extent(extent: Rectangle, at: str) -> Iterator[Flaw]:
    if extent.is_empty:
        yield Flaw(where=at, problem=_EMPTY)
    elif min(extent.right_m - extent.left_m, extent.top_m - extent.bottom_m) < SMALLEST_M:
        yield Flaw(where=at, problem=f"is shorter than {SMALLEST_M:g} m; write metres")
    elif max(extent.right_m - extent.left_m, extent.top_m - extent.bottom_m) > LARGEST_M:
        problem = f"is longer than {LARGEST_M:g} m; write metres, and one level for each floor"
        yield Flaw(where=at, problem=problem)


def _part(part: ZonePart, at: str, extent: Rectangle, zones: frozenset[ZoneId]) -> Iterator[Flaw]:
    within = part.within
    if part.zone not in zones:
        problem = f'"{part.zone}" is none of the store; name one of its zones'
        yield Flaw(where=f"{at}.zone", problem=problem)
    if within.is_empty:
        yield Flaw(where=f"{at}.rect", problem=_EMPTY)
    elif not extent.is_empty and (
        min(within.right_m, extent.right_m) <= max(within.left_m, extent.left_m)
        or min(within.top_m, extent.top_m) <= max(within.bottom_m, extent.bottom_m)
    ):
        problem = "lies outside the extent of its level; both are metres from one origin"
        yield Flaw(where=f"{at}.rect", problem=problem)


def _spot(
    spot: Spot, at: str, extent: Rectangle, edges: frozenset[EdgeId], seen: _Seen
) -> Iterator[Flaw]:
    if spot.edge not in edges:
        yield Flaw(
            where=f"{at}.edge", problem=f'"{spot.edge}" is none of the store; name one of its edges'
        )
    scanner = spot.edge, spot.scanner
    if scanner in seen.spots:
        problem = f'"{column_of(scanner)}" hangs in two places; write it once, on one level'
        yield Flaw(where=at, problem=problem)
    seen.spots.add(scanner)
    if not extent.is_empty and not _near(extent).holds(spot.x_m, spot.y_m):
        problem = (
            f"{spot.x_m:g}, {spot.y_m:g} is more than {_BEYOND_M:g} m outside the level; "
            "write metres from its origin"
        )
        yield Flaw(where=f"{at}.at", problem=problem)
    if not 0 <= spot.z_m <= HIGHEST_M:
        problem = f"hangs at {spot.z_m:g} m; write metres above the floor of its level, 0 to {HIGHEST_M:g}"
        yield Flaw(where=f"{at}.at", problem=problem)


def _near(extent: Rectangle) -> Rectangle:
    return Rectangle(
        left_m=extent.left_m - _BEYOND_M,
        bottom_m=extent.bottom_m - _BEYOND_M,
        right_m=extent.right_m + _BEYOND_M,
        top_m=extent.top_m + _BEYOND_M,
    )


_EMPTY: Final = "is empty; write left, bottom, right, top in metres"

_BEYOND_M: Final = 20.0
"""A scanner outside the door still hears who is inside; one further off was measured from elsewhere."""
