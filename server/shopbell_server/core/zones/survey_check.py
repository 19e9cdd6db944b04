"""Whether a survey is good enough: where points are missing, who never heard, how wrong its map is.

Owns: what is measured of a survey, by the engine that will use it, and what counts as a problem.
Never: words about it, or surveying.

The error is cross-validated: each point is looked for on a map that others made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_server.core.zones.grid import grid_of
from shopbell_server.core.zones.plan import floor_of
from shopbell_server.core.zones.position_filter import (
    arrived,
    by_cell,
    by_zone,
    engine_of,
    middle_m,
    stepped,
)
from shopbell_server.core.zones.readings import TICK_MS
from shopbell_server.core.zones.site import survey_on
from shopbell_server.core.zones.survey_map import Survey, surveyed_map

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shopbell_server.core.ids import ZoneId
    from shopbell_server.core.zones import plan
    from shopbell_server.core.zones.floor import Floor
    from shopbell_server.core.zones.grid import Grid

FOLDS: Final = 5
"""Each point is found with the help of four fifths of the others."""

FEWEST: Final = 10
"""Points below which leaving some out says more about the rest being few than about the map."""

FAR_M: Final = 6.0
"""From anywhere in a zone to the next point: 1.5 times as far as shadows of a receiver are alike
(`survey_map.SMOOTH_M`), beyond which a survey knows no more than distance."""

CONFUSED: Final = 0.3
"""Of a zone's points found in another one: one of three visits to a shelf would be told of its neighbour."""

TICKS: Final = 3
"""15 s of standing at a point, as somebody who is followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A place in a zone that is too far from every point."""

    zone: ZoneId
    x_m: float
    y_m: float
    far_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixed:
    """Points of one zone are found in another: `share` of them."""

    zone: ZoneId
    other: ZoneId
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossed:
    """How wrong the map is where it was not surveyed: each point by the others."""

    mean_m: float
    worst_tenth_m: float
    right_zone: float
    """The share of points found in their own zone."""
    mixed: tuple[Mixed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What is known of a survey of one level."""

    points: int
    points_of: dict[ZoneId, int]
    gaps: tuple[Gap, ...]
    """The worst place of each zone that has one too far from every point."""
    outside: int
    """Points that lie outside the level."""
    silent: tuple[str, ...]
    """Scanners of the plan that heard none of the points."""
    unknown: tuple[str, ...]
    """Columns of the survey that are no scanner of the plan."""
    crossed: Crossed | None
    """None: there are too few points."""

    @property
    def is_good(self) -> bool:
        """Return whether nothing has to be mended."""
        mixed = () if self.crossed is None else self.crossed.mixed
        return not (self.gaps or self.outside or self.silent or self.unknown or mixed) and (
            self.crossed is not None
        )


def checked(level: plan.Level, survey: plan.Survey) -> Checked:
    """Return what is known of a survey of `level`."""
    names = [spot.name for spot in level.spots]
    points = survey_on(level, survey)
    if points is None:
        raise ValueError("a survey without a point cannot be checked; walk it first")
    floor = floor_of(level)
    grid = grid_of(floor)
    zone_of = _zones_at(level, grid, points.points_m)
    zones = tuple(dict.fromkeys(part.zone for part in level.zones))
    return Checked(
        points=len(points.points_m),
        points_of={zone: zone_of.count(zone) for zone in zones},
        gaps=tuple(_gaps(level, grid, points.points_m)),
        outside=sum(not level.extent.holds(x, y) for x, y in points.points_m.tolist()),
        silent=tuple(
            name for name, heard in zip(names, _hears(points).tolist(), strict=True) if not heard
        ),
        unknown=tuple(each for each in survey.receivers if each not in names),
        crossed=None
        if len(points.points_m) < FEWEST
        else _crossed(level, floor, grid, points, zone_of),
    )


def _gaps(level: plan.Level, grid: Grid, points_m: NDArray[np.float64]) -> list[Gap]:
    apart = np.square(grid.centres_m[:, None] - points_m[None]).sum(axis=2)
    far = np.sqrt(apart.min(axis=1))
    worst: dict[ZoneId, Gap] = {}
    for part in level.zones:
        inside = np.array([part.within.holds(x, y) for x, y in grid.centres_m.tolist()])
        if not inside.any():
            continue
        cell = int(np.where(inside, far, -1.0).argmax())
        x, y = grid.centres_m[cell].tolist()
        gap = Gap(zone=part.zone, x_m=x, y_m=y, far_m=float(far[cell]))
        known = worst.get(part.zone)
        if gap.far_m > FAR_M and (known is None or known.far_m < gap.far_m):
            worst[part.zone] = gap
    return list(worst.values())


def _zones_at(level: plan.Level, grid: Grid, points_m: NDArray[np.float64]) -> list[ZoneId]:
    """Return the zone of each point: that of its cell, as the engine has it."""
    cells = np.square(points_m[:, None] - grid.centres_m[None]).sum(axis=2).argmin(axis=1)
    parts = grid.zone_shares[cells].argmax(axis=1)
    return [level.zones[part].zone for part in parts.tolist()]


def _crossed(
    level: plan.Level, floor: Floor, grid: Grid, points: Survey, zone_of: list[ZoneId]
) -> Crossed:
    found_m = np.empty((len(points.points_m), 2))
    found_in: list[ZoneId] = list(zone_of)
    number = np.arange(len(points.points_m))
    hears = _hears(points)
    for fold in range(FOLDS):
        left_out = np.flatnonzero(number % FOLDS == fold)
        others = _some(points, np.flatnonzero(number % FOLDS != fold))
        engine = engine_of(floor, grid, surveyed_map(floor, grid, others), tick_s=TICK_MS / 1000)
        beliefs = arrived(engine, len(left_out))
        for _ in range(TICKS):
            beliefs = stepped(engine, beliefs, points.mean_dbm[left_out], hears)
        cells = by_cell(beliefs)
        found_m[left_out] = middle_m(engine, cells)
        for point, part in zip(
            left_out.tolist(), by_zone(engine, cells).argmax(axis=1).tolist(), strict=True
        ):
            found_in[point] = level.zones[part].zone
    error_m = np.sqrt(np.square(found_m - points.points_m).sum(axis=1))
    right = [one == other for one, other in zip(zone_of, found_in, strict=True)]
    return Crossed(
        mean_m=float(error_m.mean()),
        worst_tenth_m=float(np.quantile(error_m, 0.9)),
        right_zone=sum(right) / len(right),
        mixed=tuple(_mixed(zone_of, found_in)),
    )


def _hears(points: Survey) -> NDArray[np.bool_]:
    hears: NDArray[np.bool_] = np.any(np.isfinite(points.mean_dbm), axis=0)
    return hears


def _some(points: Survey, which: NDArray[np.intp]) -> Survey:
    return replace(
        points,
        points_m=points.points_m[which],
        mean_dbm=points.mean_dbm[which],
        heard_share=points.heard_share[which],
    )


def _mixed(zone_of: list[ZoneId], found_in: list[ZoneId]) -> list[Mixed]:
    pairs = list(zip(zone_of, found_in, strict=True))
    return [
        Mixed(zone=zone, other=other, share=share)
        for zone, other in dict.fromkeys(sorted(pairs))
        if zone != other and (share := pairs.count((zone, other)) / zone_of.count(zone)) >= CONFUSED
    ]
