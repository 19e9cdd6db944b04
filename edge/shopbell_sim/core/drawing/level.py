"""One floor: zones, racks, walls, scanners, and somebody's true way in the colours in which she was seen.

Owns: how a floor and a way on it look.
Never: decides where somebody was.
"""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_sim.core.drawing.marks import INK, UNSEEN, area, box, dot, line, spot, way, word
from shopbell_sim.core.site.ways import DOOR_M

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shopbell_sim.core.day.seeing import SeenVisit
    from shopbell_sim.core.drawing.marks import Sheet
    from shopbell_sim.core.outing.itinerary import Itinerary
    from shopbell_sim.core.site.site import LevelPlan, Site

TRACK_S: Final = 1.0
"""Her place is drawn so often: a step and a half."""

STOOD_S: Final = 20.0
"""Who stays at a place for as long stood there; shorter is a turn."""

MOST_STOOD: Final = 14.0
"""Pixels of the largest circle: of STOOD_S it is 4, and its area grows with the time."""


def plan(site: Site, level: LevelPlan, colours: Mapping[str, str], sheet: Sheet) -> Iterator[str]:
    """Yield what does not move, but for the scanners."""
    width, depth = level.width_m * sheet.scale, level.depth_m * sheet.scale
    if level is site.ground:
        top, street = sheet.y(level.depth_m), site.street_m * sheet.scale
        yield box(sheet.left, top, width, street, 'fill="#f2f2f2"')
        yield word(sheet.left + 6, top + street - 8, "Street", 12, colour="#777777")
    for zone in level.zones:
        yield area((sheet.point(at.x, at.y) for at in zone.outline), colours[zone.id])
    for rack in level.racks:
        style = 'fill="#d7d7d7" stroke="#a9a9a9" stroke-width="0.6"'
        yield box(
            sheet.x(rack.left),
            sheet.y(rack.top),
            rack.width_m * sheet.scale,
            rack.depth_m * sheet.scale,
            style,
        )
    yield box(sheet.left, sheet.top, width, depth, f'fill="none" stroke="{INK}" stroke-width="2"')
    for wall in level.walls:
        ends = (sheet.x(wall.a.x), sheet.y(wall.a.y), sheet.x(wall.b.x), sheet.y(wall.b.y))
        yield line(*ends, colour=INK, width=1 + wall.loss_db / 4)
    yield word(sheet.left, sheet.top - 5, level.name, 15)
    if level is site.ground:
        yield from _doors(site, sheet)


def names(site: Site, level: LevelPlan, colours: Mapping[str, str], sheet: Sheet) -> Iterator[str]:
    """Yield what stands on top of all else: names of zones, tills, stairs, scanners in zones' colours."""
    for zone in level.zones:
        left = sheet.x(min(at.x for at in zone.outline))
        top = sheet.y(min(at.y for at in zone.outline))
        yield word(left + 6, top + 18, zone.name, 14, colour=colours[zone.id])
    ends = (end for each in site.stairs for end in (each.below, each.above))
    fixed = [(end, "\N{UP DOWN ARROW} stairs") for end in ends] + [
        (till, "till") for till in site.tills
    ]
    for at, what in fixed:
        if at.level == level.number:
            yield box(sheet.x(at.x) - 4, sheet.y(at.y) - 4, 8, 8, f'fill="{INK}"')
            yield word(sheet.x(at.x) + 7, sheet.y(at.y) + 4, what, 11)
    for receiver in site.receivers:
        if receiver.at.level == level.number:
            x, y = sheet.x(receiver.at.x), sheet.y(receiver.at.y)
            yield dot(x, y, colours[receiver.zone])
            yield word(x + 9, y + 4, receiver.name, 11)


def track(
    level: LevelPlan,
    itinerary: Itinerary,
    seen: Sequence[SeenVisit],
    colours: Mapping[str, str],
    sheet: Sheet,
) -> Iterator[str]:
    """Yield the way on this level, in stretches of one colour; dashed where she was not seen."""
    times = np.arange(itinerary.begins_s, itinerary.ends_s, TRACK_S)
    where = itinerary.at(times)
    run: list[str] = []
    colour: str | None = None
    for at_s, number, x, y in zip(
        times.tolist(), where.levels.tolist(), where.xs.tolist(), where.ys.tolist(), strict=True
    ):
        here = number == level.number and -1 <= x <= level.width_m + 1
        now = colours.get(seen_zone(seen, at_s) or "") if here else None
        point = sheet.point(x, y)
        if run and (not here or now != colour):
            yield _stretch([*run, point] if here else run, colour)
            run = []
        if here:
            run.append(point)
            colour = now
    if run:
        yield _stretch(run, colour)


def stops(
    level: LevelPlan,
    itinerary: Itinerary,
    seen: Sequence[SeenVisit],
    colours: Mapping[str, str],
    sheet: Sheet,
) -> Iterator[str]:
    """Yield a circle wherever she stood, larger the longer."""
    where = zip(
        itinerary.xs.tolist(), itinerary.ys.tolist(), itinerary.levels.tolist(), strict=True
    )
    times_s = itinerary.times_s.tolist()
    for (x, y, number), knots in groupby(zip(where, times_s, strict=True), key=lambda one: one[0]):
        stood = [at_s for _, at_s in knots]
        for_s = stood[-1] - stood[0]
        if number == level.number and for_s >= STOOD_S:
            colour = colours.get(seen_zone(seen, (stood[0] + stood[-1]) / 2) or "", UNSEEN)
            radius = min(4 * math.sqrt(for_s / STOOD_S), MOST_STOOD)
            yield spot(sheet.x(x), sheet.y(y), radius, colour)


def seen_zone(seen: Sequence[SeenVisit], at_s: float) -> str | None:
    """Return the zone in which she was seen at a moment; None outside of every visit."""
    for visit in seen:
        if visit.from_s <= at_s <= visit.until_s:
            before = [each.zone for each in visit.zones if each.from_s <= at_s]
            return before[-1] if before else None
    return None


def _stretch(points: Sequence[str], colour: str | None) -> str:
    return way(points, colour or UNSEEN, dashed=colour is None)


def _doors(site: Site, sheet: Sheet) -> Iterator[str]:
    for door in site.doors:
        y = sheet.y(door.y)
        ends = (sheet.x(door.x - DOOR_M / 2), y, sheet.x(door.x + DOOR_M / 2), y)
        yield line(*ends, colour="#ffffff", width=4)
        yield word(sheet.x(door.x) - 14, y + 16, "door", 12)
