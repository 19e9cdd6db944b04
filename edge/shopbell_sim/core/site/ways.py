"""How people walk from here to there: round racks, through doors and up stairs.

Owns: the ways of a site, on a grid that is looked at once.
Never: who walks, or how fast.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from shopbell_sim.core.site.site import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from shopbell_sim.core.site.shapes import Wall
    from shopbell_sim.core.site.site import LevelPlan, Site, Stairs

CELL_M: Final = 0.5
"""Half an aisle's narrowest width: every aisle has a cell that is free."""

BODY_M: Final = 0.2
"""Nobody walks nearer to a rack than this."""

MARGIN_M: Final = 12.0
"""Of street to both sides of the shop."""

_Cell = tuple[int, int]
_Any = TypeVar("_Any", bound=np.generic)
_STEPS: Final = tuple(
    (dx, dy, math.hypot(dx, dy)) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if (dx, dy) != (0, 0)
)


class NoWayError(Exception):
    """There is no way between two places of a site: a rack or a wall closes it off. Change the site."""


class Ways:
    """The ways of `site`. Remembers those that were asked for."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._free = {level.number: _free_cells(site, level) for level in site.levels}
        self._grids = {number: _grid(cells) for number, cells in self._free.items()}
        self._away: dict[tuple[int, _Cell], _Distances] = {}
        self._known: dict[tuple[Place, Place], tuple[Place, ...]] = {}

    def route(self, start: Place, end: Place) -> tuple[Place, ...]:
        """Return the corners of a short way, `end` the last. Raises NoWayError where there is none.

        A corner on another level than the one before it is the far end of stairs.
        """
        known = self._known.get((start, end))
        if known is None:
            known = self._known[start, end] = tuple(self._corners(start, end))
        return known

    def _corners(self, start: Place, end: Place) -> Iterator[Place]:
        here = start
        while here.level != end.level:
            foot, head = self._stairs(here, 1 if end.level > here.level else -1)
            yield from self._on_level(here, foot)
            yield head
            here = head
        yield from self._on_level(here, end)

    def _stairs(self, here: Place, up: int) -> tuple[Place, Place]:
        """Return both ends of the nearest stairs that lead from this level in that direction."""
        flights = [_ends(each, up) for each in self._site.stairs]
        near = [
            (foot, head)
            for foot, head in flights
            if foot.level == here.level and head.level == here.level + up
        ]
        if not near:
            raise NoWayError(f"no stairs lead from level {here.level} to level {here.level + up}")
        return min(near, key=lambda ends: math.hypot(ends[0].x - here.x, ends[0].y - here.y))

    def _on_level(self, start: Place, end: Place) -> list[Place]:
        if self._site.is_outside(start) and self._site.is_outside(end):
            return [end]
        first, last = self._near(start), self._near(end)
        away = self._distances(end.level, last)
        if away[first] == math.inf:
            raise NoWayError(
                f"no way on level {start.level} from ({start.x:.1f}, {start.y:.1f}) to "
                f"({end.x:.1f}, {end.y:.1f}): racks or walls close it off"
            )
        cells = [first]
        while cells[-1] != last:
            cells.append(self._next(end.level, cells[-1], away))
        corners = [_middle(start.level, each) for each in self._pulled(start.level, cells)]
        return [*corners[1:-1], end]

    def reaches(self, start: Place, ends: Iterable[Place]) -> None:
        """Raise NoWayError unless there is a way from `start` to all of `ends`, which are on its level."""
        away = self._distances(start.level, self._near(start))
        for end in ends:
            if away[self._near(end)] == math.inf:
                raise NoWayError(
                    f"no way on level {end.level} to ({end.x:.1f}, {end.y:.1f}): racks or walls close it off"
                )

    def _next(self, level: int, cell: _Cell, away: _Distances) -> _Cell:
        """Return the neighbour of `cell` by which the goal is nearest."""
        free = self._free[level]
        steps = [((cell[0] + dx, cell[1] + dy), length) for dx, dy, length in _STEPS]
        return min(
            (there for there, _ in steps if there in free and _joins(free, cell, there)),
            key=lambda there: away[there] + math.dist(cell, there),
        )

    def _pulled(self, level: int, cells: list[_Cell]) -> list[_Cell]:
        """Return the corners that are left when a string along the way is pulled tight."""
        kept, at = [cells[0]], 0
        while at < len(cells) - 1:
            ahead = at + 1
            # In doubling steps: a look at each of a hundred cells would take longer than all else.
            step = 1
            while ahead + step < len(cells) and self._sees(level, cells[at], cells[ahead + step]):
                ahead += step
                step *= 2
            at = ahead
            kept.append(cells[at])
        return kept

    def _sees(self, level: int, a: _Cell, b: _Cell) -> bool:
        count = 2 * max(abs(a[0] - b[0]), abs(a[1] - b[1]))
        free = self._free[level]
        steps = [
            (
                math.floor(a[0] + (b[0] - a[0]) * each / count + 0.5),
                math.floor(a[1] + (b[1] - a[1]) * each / count + 0.5),
            )
            for each in range(count + 1)
        ]
        return all(
            each in free and _joins(free, before, each)
            for before, each in itertools.pairwise(steps)
        )

    def _near(self, place: Place) -> _Cell:
        """Return the free cell that is nearest to `place`."""
        free = self._free[place.level]
        middle = (math.floor(place.x / CELL_M), math.floor(place.y / CELL_M))
        around = [
            (middle[0] + dx, middle[1] + dy)
            for dx in range(-_LOOK, _LOOK + 1)
            for dy in range(-_LOOK, _LOOK + 1)
        ]
        near = [each for each in around if each in free]
        if not near:
            raise NoWayError(
                f"nobody can stand near ({place.x:.1f}, {place.y:.1f}) on level {place.level}"
            )
        return min(near, key=lambda each: (_gap_m(place, each), each))

    def _distances(self, level: int, goal: _Cell) -> _Distances:
        """Return how far every cell is from `goal`, in cells; inf where there is no way."""
        known = self._away.get((level, goal))
        if known is not None:
            return known
        grid = self._grids[level]
        away = np.full(grid.shape, math.inf)
        away[goal[0] - grid.left, goal[1] + 1] = 0.0
        middle, around = _views(away)
        before = middle.copy()
        while True:
            for step, cost in grid.costs.items():
                np.minimum(middle, around[step] + cost, out=middle)
            if np.array_equal(before, middle):
                break
            before[:] = middle
        found = _Distances(away, grid.left)
        self._away[level, goal] = found
        return found


_LOOK: Final = 3
"""So many cells around a place somebody finds room to stand."""


def _joins(free: set[_Cell], a: _Cell, b: _Cell) -> bool:
    """Return whether a step does not cut a corner; both cells that it passes must be free."""
    return (a[0], b[1]) in free and (b[0], a[1]) in free


class _Distances:
    """Distances by cell."""

    __slots__ = ("_away", "_left")

    def __init__(self, away: NDArray[np.float64], left: int) -> None:
        self._away = away
        self._left = left

    def __getitem__(self, cell: _Cell) -> float:
        return float(self._away[cell[0] - self._left, cell[1] + 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """The cells of a level in an array with a rim of one, whose first column is `left`.

    `costs` says by step what it costs to come to each cell (without the rim) from there.
    """

    left: int
    shape: tuple[int, int]
    costs: Mapping[_Cell, NDArray[np.float64]]


def _grid(cells: set[_Cell]) -> _Grid:
    left = min(column for column, _ in cells) - 1
    shape = (max(column for column, _ in cells) - left + 2, max(row for _, row in cells) + 3)
    free = np.zeros(shape, dtype=np.bool_)
    for column, row in cells:
        free[column - left, row + 1] = True
    middle, around = _views(free)
    costs = {
        (dx, dy): np.where(
            middle & around[dx, dy] & around[dx, 0] & around[0, dy], length, math.inf
        )
        for dx, dy, length in _STEPS
    }
    return _Grid(left=left, shape=shape, costs=costs)


def _views(values: NDArray[_Any]) -> tuple[NDArray[_Any], dict[_Cell, NDArray[_Any]]]:
    """Return `values` without the rim, and by step what lies that step further on; both are views."""
    wide, high = values.shape
    around = {
        (dx, dy): values[1 + dx : wide - 1 + dx, 1 + dy : high - 1 + dy]
        for dx in (-1, 0, 1)
        for dy in (-1, 0, 1)
    }
    return around[0, 0], around


def _ends(stairs: Stairs, up: int) -> tuple[Place, Place]:
    return (stairs.below, stairs.above) if up > 0 else (stairs.above, stairs.below)


def _middle(level: int, cell: _Cell) -> Place:
    return Place(level, (cell[0] + 0.5) * CELL_M, (cell[1] + 0.5) * CELL_M)


def _gap_m(place: Place, cell: _Cell) -> float:
    middle = _middle(place.level, cell)
    return math.hypot(middle.x - place.x, middle.y - place.y)


def _free_cells(site: Site, level: LevelPlan) -> set[_Cell]:
    """Return the cells in which somebody can stand: indoors, and on level 0 in the street.

    The front of level 0 is closed but for its doors, whatever walls it has.
    """
    free: set[_Cell] = set()
    outdoors = level is site.ground
    margin_m = MARGIN_M if outdoors else 0.0
    depth_m = level.depth_m + (site.street_m if outdoors else 0.0)
    for column in range(
        math.floor(-margin_m / CELL_M), math.ceil((level.width_m + margin_m) / CELL_M)
    ):
        for row in range(math.ceil(depth_m / CELL_M)):
            place = _middle(level.number, (column, row))
            if place.y >= level.depth_m + CELL_M:
                free.add((column, row))
            elif 0 < place.x < level.width_m and place.y < level.depth_m - CELL_M:
                if not _is_blocked(level, place):
                    free.add((column, row))
            elif any(abs(place.x - door.x) < DOOR_M / 2 for door in site.doors) and outdoors:
                free.add((column, row))
    return free


DOOR_M: Final = 2.0
"""Width of a shop's door."""


def _is_blocked(level: LevelPlan, at: Place) -> bool:
    in_rack = any(
        rack.left - BODY_M < at.x < rack.right + BODY_M
        and rack.top - BODY_M < at.y < rack.bottom + BODY_M
        for rack in level.racks
    )
    return in_rack or any(_from_wall_m(at, wall) <= CELL_M / 2 for wall in level.walls)


def _from_wall_m(at: Place, wall: Wall) -> float:
    """Return how far `at` is from the nearest point of `wall`."""
    along_x, along_y = wall.b.x - wall.a.x, wall.b.y - wall.a.y
    length = along_x**2 + along_y**2
    share = ((at.x - wall.a.x) * along_x + (at.y - wall.a.y) * along_y) / length if length else 0.0
    share = min(max(share, 0.0), 1.0)
    return math.hypot(at.x - wall.a.x - share * along_x, at.y - wall.a.y - share * along_y)
