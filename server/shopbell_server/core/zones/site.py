"""The zone engines of a store, one for each level of its floor plan.

Owns: which scanner is which column of which level, and what of a survey fits the plan as it is now.
Never: devices, time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from shopbell_server.core.zones import survey_map
from shopbell_server.core.zones.grid import grid_of
from shopbell_server.core.zones.likelihood import LOUDEST_DBM
from shopbell_server.core.zones.plan import floor_of
from shopbell_server.core.zones.position_filter import engine_of
from shopbell_server.core.zones.radio_map import AMONG_RACKS, SHOP, unsurveyed_map
from shopbell_server.core.zones.readings import SAYS_NOTHING, TICK_MS
from shopbell_server.core.zones.shown_zone import NEAR_M, advice
from shopbell_server.core.zones.survey_map import surveyed_map

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from shopbell_server.core.ids import ZoneId
    from shopbell_server.core.zones.plan import FloorPlan, Level, Scanner, Survey
    from shopbell_server.core.zones.position_filter import Engine


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Storey:
    """A level of a plan, ready for devices."""

    engine: Engine
    zones: tuple[ZoneId, ...]
    """What the level has, each once, in the order of their first rectangles."""

    shares: NDArray[np.float64]
    """[cells, zones]: how much of a cell lies in each zone; every row sums to 1."""

    near: NDArray[np.float64]
    """[cells, zones]: 1 for a cell that is in the zone or no further from it than `shown_zone.NEAR_M`."""

    columns: tuple[int, ...]
    """Of its receivers, in the engine's order: their columns among those of all levels."""

    hung: tuple[tuple[int, ...], ...]
    """Of each zone: which of the level's receivers, by the engine's order, hang in it or nearest to it."""

    nearest_counts: float
    """So much it counts that one of them hears somebody best (`shown_zone.advice`)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Site:
    """All levels of a store."""

    storeys: tuple[Storey, ...]
    columns: Mapping[Scanner, int]
    """Of all scanners on all levels."""


def site_of(plan: FloorPlan) -> Site:
    """Return the engines of a plan that has no flaws; a level with a survey goes by it."""
    scanners = list(plan.spots)
    columns = {scanner: index for index, scanner in enumerate(scanners)}
    return Site(
        storeys=tuple(_storey(level, columns) for level in plan.levels),
        columns=columns,
    )


def survey_on(level: Level, survey: Survey) -> survey_map.Survey | None:
    """Return a survey as the engine takes it; None if it has no line.

    Lines of one place are one point. A receiver that hangs on the level and is not in the survey was not
    listening; one that is in the survey and hangs there no more does not count.
    """
    points: dict[tuple[float, float], list[Sequence[float]]] = {}
    names = [spot.name for spot in level.spots]
    for each in survey.readings:
        heard = [each.heard_dbm.get(name, np.nan) for name in names]
        points.setdefault((each.x_m, each.y_m), []).append(heard)
    if not points:
        return None
    listened = np.array([name in survey.receivers for name in names])
    means, shares = [], []
    for lines in points.values():
        levels = np.array(lines)
        there = np.isfinite(levels) & (levels <= LOUDEST_DBM)
        count = there.sum(axis=0)
        total = np.where(there, levels, 0.0).sum(axis=0)
        means.append(np.where(count > 0, total / np.maximum(count, 1), np.nan))
        shares.append(np.where(listened, there.mean(axis=0), np.nan))
    return survey_map.Survey(
        points_m=np.array(list(points)),
        height_m=float(np.median([each.z_m for each in survey.readings])),
        mean_dbm=np.array(means),
        heard_share=np.array(shares),
    )


def _storey(level: Level, columns: Mapping[Scanner, int]) -> Storey:
    floor = floor_of(level)
    grid = grid_of(floor)
    survey = None if level.survey is None else survey_on(level, level.survey)
    radio = (
        unsurveyed_map(floor, grid, SHOP) if survey is None else surveyed_map(floor, grid, survey)
    )
    # The surveyor held her phone in the hand; customers have theirs in pockets, behind their bodies.
    carried = replace(radio, doubt=replace(radio.doubt, hidden=AMONG_RACKS.hidden))
    zones = tuple(dict.fromkeys(part.zone for part in level.zones))
    parts = np.zeros((len(level.zones), len(zones)))
    near = np.zeros((grid.cells, len(zones)))
    for index, part in enumerate(level.zones):
        zone = zones.index(part.zone)
        parts[index, zone] = 1.0
        away_m = [part.within.away_m(x, y) for x, y in grid.centres_m.tolist()]
        near[np.array(away_m) <= NEAR_M, zone] = 1.0
    homes = [level.home_of(spot) for spot in level.spots]
    hung = tuple(tuple(index for index, home in enumerate(homes) if home == zone) for zone in zones)
    return Storey(
        engine=engine_of(floor, grid, carried, tick_s=TICK_MS / 1000, silence=SAYS_NOTHING),
        zones=zones,
        shares=grid.zone_shares @ parts,
        near=near,
        columns=tuple(columns[spot.edge, spot.scanner] for spot in level.spots),
        hung=hung,
        nearest_counts=advice([len(each) for each in hung]),
    )
