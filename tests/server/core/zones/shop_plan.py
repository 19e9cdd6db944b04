"""A building of two small levels, and what its scanners report of somebody."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from shopbell_server.core.ids import EdgeId, Millis, PersonId, StoreId, ZoneId
from shopbell_server.core.observations import Observation
from shopbell_server.core.zones.plan import FloorPlan, Level, Rectangle, Spot, ZonePart
from shopbell_server.core.zones.radio_map import AT_1_M_DBM, SLOPE
from shopbell_server.core.zones.readings import TICK_MS, ZERO_LOSS_DBM

if TYPE_CHECKING:
    from collections.abc import Iterable

ADA = PersonId("ada")
EVE = PersonId("eve")
STORE = StoreId("store-1")
EDGE = EdgeId("edge-1")
TILL = ZoneId("till")
DOOR = ZoneId("door")
NOON = Millis(1_795_262_400_000)
"""The end of a tick."""
CEILING_DB = 20.0
CORNERS = ((0.0, 0.0), (6.0, 0.0), (6.0, 4.0), (0.0, 4.0))


def rectangle(left: float, bottom: float, right: float, top: float) -> Rectangle:
    return Rectangle(left_m=left, bottom_m=bottom, right_m=right, top_m=top)


def level(name: str = "ground", prefix: str = "g") -> Level:
    return Level(
        name=name,
        extent=rectangle(0, 0, 6, 4),
        zones=(
            ZonePart(zone=DOOR, within=rectangle(0, 0, 3, 2)),
            ZonePart(zone=DOOR, within=rectangle(0, 2, 3, 4)),
            ZonePart(zone=TILL, within=rectangle(3, 0, 6, 4)),
        ),
        spots=tuple(
            Spot(edge=EDGE, scanner=f"{prefix}{index}", x_m=x, y_m=y, z_m=2.5)
            for index, (x, y) in enumerate(CORNERS)
        ),
    )


ONE = FloorPlan(levels=(level(),))
TWO = FloorPlan(levels=(level(), level("first", "f")))


def loss_db(x_m: float, y_m: float, corner: int) -> float:
    x, y = CORNERS[corner]
    far = max(0.5, math.hypot(x - x_m, y - y_m, 1.0))
    return ZERO_LOSS_DBM - AT_1_M_DBM + SLOPE * 10 * math.log10(far)


def reports(
    x_m: float,
    y_m: float,
    ticks: Iterable[int],
    *,
    person: PersonId = ADA,
    on: str = "g",
    corners: Iterable[int] = range(4),
) -> list[Observation]:
    """Return what is reported of somebody who stands there in each of these ticks since noon."""
    return [
        Observation(
            person=person,
            store=STORE,
            edge=EDGE,
            scanner=f"{prefix}{corner}",
            carrier="ibeacon",
            at_ms=Millis(NOON + tick * TICK_MS),
            loss_db=loss_db(x_m, y_m, corner) + (0.0 if prefix == on else CEILING_DB),
            n=1,
        )
        for tick in ticks
        for prefix in "gf"
        for corner in corners
    ]
