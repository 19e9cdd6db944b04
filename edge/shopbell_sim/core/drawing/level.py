"""One floor: zones, racks, walls, scanners, and somebody's true way in the colours in which she was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_sim.core.drawing.marks import INK, UNSEEN, area, box, dot, line, way, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shopbell_sim.core.day.seeing import SeenVisit
    from shopbell_sim.core.drawing.marks import Sheet
    from shopbell_sim.core.outing.itinerary import Itinerary
    from shopbell_sim.core.site.site import LevelPlan, Site

TRACK_S: Final = 1.0
"""Her place is drawn so often: a step and a half."""

DOOR_M: Final = 2.0


def plan(site: Site, level: LevelPlan, colours: Mapping[str, str], sheet: Sheet) -> Iterator[str]:
    """Yield what does not move, but for the scanners."""
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
    width, depth = level.width_m * sheet.scale, level.depth_m * sheet.scale
    yield box(sheet.left, sheet.top, width, depth, f'fill="none" stroke="{INK}" stroke-width="2"')
    for wall in level.walls:
        ends = (sheet.x(wall.a.x), sheet.y(wall.a.y), sheet.x(wall.b.x), sheet.y(wall.b.y))
        yield line(*ends, colour=INK, width=1 + wall.loss_db / 4)
    yield word(sheet.left, sheet.top - 5, level.name, 13)
    if level is site.ground:
        yield from _doors(site, sheet)


def scanners(
    site: Site, level: LevelPlan, colours: Mapping[str, str], sheet: Sheet
) -> Iterator[str]:
    """Yield the scanners of a level, in the colours of their zones."""
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
        yield word(sheet.x(door.x) - 14, y + 14, "door", 11)
