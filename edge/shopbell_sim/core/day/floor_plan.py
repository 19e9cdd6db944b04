"""The floor plan of a simulated shop, as its operator would have written it down for the server.

Owns: from a site to the server's plan. A level without zones or without a scanner is not on it.
Never: racks and walls, which no operator measures, or a survey.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from shopbell_server.core.ids import EdgeId, ZoneId
from shopbell_server.core.zones.plan import FloorPlan, Level, Rectangle, Spot, ZonePart
from shopbell_sim.core.site.shapes import Point, inside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_sim.core.site.shapes import Zone
    from shopbell_sim.core.site.site import LevelPlan, Site


def floor_plan(site: Site) -> FloorPlan:
    """Return the plan of `site`; zones of its file are the server's, a level keeps its name."""
    levels = [_level(site, each) for each in site.levels]
    return FloorPlan(levels=tuple(each for each in levels if each.zones and each.spots))


def _level(site: Site, level: LevelPlan) -> Level:
    return Level(
        name=level.name,
        extent=Rectangle(left_m=0.0, bottom_m=0.0, right_m=level.width_m, top_m=level.depth_m),
        zones=tuple(
            ZonePart(zone=ZoneId(zone.id), within=each)
            for zone in level.zones
            for each in _rectangles(zone)
        ),
        spots=tuple(
            Spot(
                edge=EdgeId(each.edge),
                scanner=each.name,
                x_m=each.at.x,
                y_m=each.at.y,
                z_m=each.height_m,
            )
            for each in site.receivers
            if each.at.level == level.number
        ),
    )


def _rectangles(zone: Zone) -> Iterator[Rectangle]:
    """Yield what a zone is made of, cut at all of its corners; a slanted side becomes steps."""
    xs = sorted({corner.x for corner in zone.outline})
    ys = sorted({corner.y for corner in zone.outline})
    for left, right in pairwise(xs):
        for low, high in pairwise(ys):
            if inside(zone.outline, Point((left + right) / 2, (low + high) / 2)):
                yield Rectangle(left_m=left, bottom_m=low, right_m=right, top_m=high)
