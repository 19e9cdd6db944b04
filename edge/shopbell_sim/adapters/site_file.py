"""A site as a TOML file: levels, walls, racks, doors, stairs, tills and scanners.

Owns: the shape of the file, and what makes no sense in it.
Never: what is done with a site.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from shopbell_program.settings import Fault, load
from shopbell_sim.core.site.flaws import LARGEST_M2, flaw_of, overlapping
from shopbell_sim.core.site.shapes import Point, Wall, Zone, rectangle
from shopbell_sim.core.site.site import LevelPlan, Place, Rack, Receiver, Site, Stairs
from shopbell_sim.core.site.ways import NoWayError, Ways

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Metres = Annotated[float, Meta(ge=0, le=500)]
Name = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}\Z")]
Rectangle = tuple[Metres, Metres, Metres, Metres]
"""Left, top, width and depth."""
Spot = tuple[int, Metres, Metres]
"""Level, x and y."""


class ZoneEntry(Struct, frozen=True, kw_only=True):
    """An area of a level: `rect`, or an `outline` of corners for what is no rectangle."""

    id: Name
    name: str
    rect: Rectangle | None = None
    outline: tuple[tuple[Metres, Metres], ...] = ()


class WallEntry(Struct, frozen=True, kw_only=True):
    """A straight wall: 3 dB for a light partition or glass, 10 to 15 for concrete."""

    a: tuple[Metres, Metres]
    b: tuple[Metres, Metres]
    loss_db: Annotated[float, Meta(ge=0, le=60)]


class RackEntry(Struct, frozen=True, kw_only=True):
    """Furniture. `density`: 1 for a full gondola, less for a table or a rail."""

    rect: Rectangle
    density: Annotated[float, Meta(ge=0, le=3)] = 1.0


class LevelEntry(Struct, frozen=True, kw_only=True):
    """A floor; the first is the one with the doors."""

    name: str
    width_m: Annotated[float, Meta(ge=3, le=500)]
    depth_m: Annotated[float, Meta(ge=3, le=500)]
    zones: tuple[ZoneEntry, ...]
    racks: tuple[RackEntry, ...] = ()
    walls: tuple[WallEntry, ...] = ()


class StairsEntry(Struct, frozen=True, kw_only=True):
    """Stairs, a lift or an escalator between a level and the next."""

    below: Spot
    above: Spot
    takes_s: Annotated[float, Meta(gt=0, le=600)] = 20.0


class ScannerEntry(Struct, frozen=True, kw_only=True):
    """A scanner. Without `rests_s` it scans all the time; `duty` is of each `scan_ms`."""

    name: Name
    zone: Name
    at: Spot
    edge: Name | None = None
    """The edge that it belongs to; without it one of its own, of the same name."""
    height_m: Annotated[float, Meta(ge=0, le=20)] = 2.3
    offset_db: Annotated[float, Meta(ge=-40, le=40)] = 0.0
    duty: Annotated[float, Meta(gt=0, le=1)] = 1.0
    scan_ms: Annotated[float, Meta(ge=2.5, le=10_240)] = 60.0
    scans_s: Annotated[float, Meta(gt=0, le=600)] = 10.24
    rests_s: Annotated[float, Meta(ge=0, le=600)] = 5.12
    enter_loss_db: Annotated[float, Meta(ge=0, le=60)] = 20.0
    leave_loss_db: Annotated[float, Meta(ge=0, le=60)] = 30.0


class SiteFile(Struct, frozen=True, kw_only=True):
    """All of it. `doors` are where along the front, in metres from the left."""

    name: str
    levels: Annotated[tuple[LevelEntry, ...], Meta(min_length=1)]
    doors: Annotated[tuple[Metres, ...], Meta(min_length=1)]
    scanners: Annotated[tuple[ScannerEntry, ...], Meta(min_length=1)]
    tills: tuple[Spot, ...] = ()
    stairs: tuple[StairsEntry, ...] = ()
    street_m: Annotated[float, Meta(ge=2, le=50)] = 5.0
    slab_db: Annotated[float, Meta(ge=0, le=60)] = 15.0


def read_site(path: Path) -> Site:
    """Return the site in `path`, or raise SettingsError with all that is wrong with it."""
    return _site(load(path, SiteFile, lambda read: list(_faults(read))))


def _site(read: SiteFile) -> Site:
    return Site(
        name=read.name,
        street_m=read.street_m,
        levels=tuple(_level(number, each) for number, each in enumerate(read.levels)),
        doors=tuple(Place(0, x, read.levels[0].depth_m) for x in read.doors),
        stairs=tuple(
            Stairs(below=Place(*each.below), above=Place(*each.above), takes_s=each.takes_s)
            for each in read.stairs
        ),
        receivers=tuple(
            Receiver(
                name=each.name,
                edge=each.edge or each.name,
                zone=each.zone,
                at=Place(*each.at),
                height_m=each.height_m,
                offset_db=each.offset_db,
                duty=each.duty,
                scan_ms=each.scan_ms,
                scans_s=each.scans_s,
                rests_s=each.rests_s,
                enter_loss_db=each.enter_loss_db,
                leave_loss_db=each.leave_loss_db,
            )
            for each in read.scanners
        ),
        tills=tuple(Place(*each) for each in read.tills),
        slab_db=read.slab_db,
    )


def _level(number: int, read: LevelEntry) -> LevelPlan:
    return LevelPlan(
        number=number,
        name=read.name,
        width_m=read.width_m,
        depth_m=read.depth_m,
        zones=tuple(
            Zone(id=each.id, name=each.name, outline=_outline(each)) for each in read.zones
        ),
        walls=tuple(
            Wall(a=Point(*each.a), b=Point(*each.b), loss_db=each.loss_db) for each in read.walls
        ),
        racks=tuple(
            Rack(
                left=each.rect[0],
                top=each.rect[1],
                width_m=each.rect[2],
                depth_m=each.rect[3],
                density=each.density,
            )
            for each in read.racks
        ),
    )


def _outline(zone: ZoneEntry) -> tuple[Point, ...]:
    if zone.rect is None:
        return tuple(Point(*corner) for corner in zone.outline)
    left, top, width, depth = zone.rect
    return rectangle(left, top, left + width, top + depth)


_CORNERS = 3


def _faults(read: SiteFile) -> Iterator[Fault]:
    zones = [zone for level in read.levels for zone in level.zones]
    for key, names in (
        ("scanners", [each.name for each in read.scanners]),
        ("zones", [each.id for each in zones]),
        ("levels", [each.name for each in read.levels]),
    ):
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield Fault(key=key, problem=f'"{name}" stands twice')
    known = {each.id for each in zones}
    for scanner in read.scanners:
        if scanner.enter_loss_db > scanner.leave_loss_db:
            yield Fault(
                key=f"scanners.{scanner.name}.leave_loss_db",
                problem="is below enter_loss_db: whoever came in would be unheard at once",
            )
        if scanner.zone not in known:
            yield Fault(
                key=f"scanners.{scanner.name}.zone",
                problem=f'there is no zone "{scanner.zone}"; there are {", ".join(sorted(known))}',
            )
    shapeless = [
        Fault(
            key=f"zones.{zone.id}",
            problem="needs either rect, or an outline of 3 corners or more",
        )
        for zone in zones
        if (zone.rect is None) != (len(zone.outline) >= _CORNERS)
    ]
    yield from shapeless or _misplaced(read)


def _misplaced(read: SiteFile) -> Iterator[Fault]:
    """Yield what lies beside its level, and what nobody can walk to."""
    places = [(f"scanners.{each.name}.at", each.at) for each in read.scanners]
    places += [(f"tills[{index}]", each) for index, each in enumerate(read.tills)]
    for index, stairs in enumerate(read.stairs):
        places += [
            (f"stairs[{index}].below", stairs.below),
            (f"stairs[{index}].above", stairs.above),
        ]
    beside = [
        *(
            fault
            for number, level in enumerate(read.levels)
            for fault in _misdrawn(f"levels[{number}]", level)
        ),
        *(fault for key, place in places for fault in _beside(read, key, place)),
        *(
            Fault(key="doors", problem=f"{x:g} lies beside the front")
            for x in read.doors
            if x > read.levels[0].width_m
        ),
        *(
            Fault(key=f"stairs[{index}]", problem="must lead from a level to the next above it")
            for index, each in enumerate(read.stairs)
            if each.above[0] != each.below[0] + 1
        ),
    ]
    yield from beside or _out_of_reach(_site(read))


def _misdrawn(key: str, level: LevelEntry) -> Iterator[Fault]:
    """Yield what is too large, empty, beyond the level, or over something else."""
    width, depth = level.width_m, level.depth_m
    if width * depth > LARGEST_M2:
        problem = f"{width:g} by {depth:g} m is more than {LARGEST_M2:g} m²; write a part of it"
        yield Fault(key=f"{key}.width_m", problem=problem)
        return
    plan = _level(0, level)
    outlines = [(f"zones.{zone.id}", zone.outline) for zone in plan.zones]
    outlines += [
        (f"{key}.racks[{index}]", rectangle(rack.left, rack.top, rack.right, rack.bottom))
        for index, rack in enumerate(plan.racks)
    ]
    flaws = [
        Fault(key=name, problem=flaw)
        for name, outline in outlines
        if (flaw := flaw_of(outline, width, depth)) is not None
    ]
    yield from flaws
    for one, other in () if flaws else overlapping(plan.zones):
        problem = f'lies over zone "{other.id}"; every place is in one zone'
        yield Fault(key=f"zones.{one.id}", problem=problem)


def _beside(read: SiteFile, key: str, place: Spot) -> Iterator[Fault]:
    number, x, y = place
    if not 0 <= number < len(read.levels):
        yield Fault(key=key, problem=f"there is no level {number}; the first is 0")
    elif x > read.levels[number].width_m or y > read.levels[number].depth_m:
        yield Fault(key=key, problem=f"({x:g}, {y:g}) lies outside of level {number}")


def _out_of_reach(site: Site) -> Iterator[Fault]:
    if not site.spots():
        yield Fault(key="levels", problem="no rack; without one there is nothing to look at")
    goals = {*site.doors, *site.tills, *(spot.at for spot in site.spots())}
    goals |= {end for each in site.stairs for end in (each.below, each.above)}
    ways = Ways(site)
    try:
        for level in site.levels:
            here = sorted(goal for goal in goals if goal.level == level.number)
            if not here:
                problem = "nothing leads there: give it stairs, and racks to look at"
                yield Fault(key=f"levels[{level.number}]", problem=problem)
                return
            ways.reaches(here[0], here)
        for level in site.levels[1:]:
            ways.route(site.doors[0], min(goal for goal in goals if goal.level == level.number))
    except NoWayError as error:
        yield Fault(key="levels", problem=str(error))
