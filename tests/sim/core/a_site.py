"""A shop small enough to reason about: two levels, a rack on each, a wall, one door."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Final

from shopbell_sim.core.site.shapes import Point, Wall, Zone, rectangle
from shopbell_sim.core.site.site import LevelPlan, Place, Rack, Receiver, Site, Stairs
from shopbell_sim.core.site.ways import Ways

GROUND: Final = LevelPlan(
    number=0,
    name="Ground",
    width_m=10,
    depth_m=8,
    zones=(
        Zone(id="front", name="Front", outline=rectangle(0, 4, 10, 8)),
        Zone(id="back", name="Back", outline=rectangle(0, 0, 10, 4)),
    ),
    walls=(
        Wall(a=Point(0, 8), b=Point(4, 8), loss_db=3),
        Wall(a=Point(7, 0), b=Point(7, 3), loss_db=12),
    ),
    racks=(Rack(left=3, top=2, width_m=1, depth_m=4),),
)
UPSTAIRS: Final = LevelPlan(
    number=1,
    name="Upstairs",
    width_m=10,
    depth_m=8,
    zones=(Zone(id="up", name="Up", outline=rectangle(0, 0, 10, 8)),),
    walls=(),
    racks=(Rack(left=4, top=3, width_m=4, depth_m=1, density=0.5),),
)
INSIDE: Final = Receiver(
    name="", edge="", zone="", at=Place(0, 0, 0), enter_loss_db=28, leave_loss_db=34
)
SITE: Final = Site(
    name="A shop",
    street_m=4,
    levels=(GROUND, UPSTAIRS),
    doors=(Place(0, 5, 8),),
    stairs=(Stairs(below=Place(0, 9, 1), above=Place(1, 9, 2), takes_s=20),),
    receivers=(
        Receiver(name="door", edge="door", zone="front", at=Place(0, 5, 6.5), enter_loss_db=24),
        replace(INSIDE, name="back", edge="back", zone="back", at=Place(0, 1.5, 2), rests_s=0.0),
        replace(INSIDE, name="up", edge="up", zone="up", at=Place(1, 5, 5)),
    ),
    tills=(Place(0, 8, 6), Place(1, 1, 6)),
)  # fmt: skip
FLAT: Final = replace(
    SITE, levels=(GROUND,), stairs=(), receivers=SITE.receivers[:2], tills=SITE.tills[:1]
)


@cache
def ways(site: Site = SITE) -> Ways:
    return Ways(site)
