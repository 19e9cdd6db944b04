"""A floor plan for the floor of these tests, and people who walk over it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import structs

from shopbell_server.core.ids import EdgeId, ZoneId
from shopbell_server.core.zones.plan import FloorPlan, Level, Rectangle, Spot, ZonePart
from shopbell_server.core.zones.radio_map import AT_1_M_DBM, SLOPE
from shopbell_server.core.zones.readings import ZERO_LOSS_DBM
from shopbell_wire.messages import Loss
from tests.server.usecases.floor import EDGES, MINUTE, NOW, SECOND, STORE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.server.usecases.floor import Floor, Someone

ACROSS_M = 12.0
PLACES = {EDGES[0]: (0.0, 1.5), EDGES[1]: (6.0, 1.5), EDGES[2]: (12.0, 1.5)}

PLAN = FloorPlan(
    levels=(
        Level(
            name="ground",
            extent=Rectangle(left_m=0, bottom_m=0, right_m=ACROSS_M, top_m=3),
            zones=(
                ZonePart(
                    zone=ZoneId("entrance"),
                    within=Rectangle(left_m=0, bottom_m=0, right_m=6, top_m=3),
                ),
                ZonePart(
                    zone=ZoneId("till"),
                    within=Rectangle(left_m=6, bottom_m=0, right_m=12, top_m=3),
                ),
            ),
            spots=tuple(
                Spot(edge=EdgeId(edge), scanner="hci0", x_m=x, y_m=y, z_m=2.5)
                for edge, (x, y) in PLACES.items()
            ),
        ),
    )
)
"""All scanners are of the zone "entrance"; the plan knows better."""


def has_a_plan(floor: Floor) -> None:
    with floor.database.begin() as work:
        work.floor_plans.put(STORE, PLAN)
        work.commit()


def loss_db(edge: str, x_m: float) -> float:
    """Return how much is lost on the way from somebody at `x_m` along the middle to an edge."""
    x, y = PLACES[edge]
    far = max(0.5, math.hypot(x - x_m, y - 1.5, 1.0))
    return ZERO_LOSS_DBM - AT_1_M_DBM + SLOPE * 10 * math.log10(far)


def walks(
    floor: Floor,
    someone: Someone,
    where: Callable[[int], float],
    *,
    from_ms: int = NOW - 10 * MINUTE,
    to_ms: int = NOW - SECOND,
    edges: tuple[str, ...] = EDGES,
) -> None:
    """Let all edges report somebody every 10 s; `where` says how far she is in at each moment."""
    window_ms = 15 * MINUTE
    for edge in edges:
        reports = []
        for at_ms in range(from_ms, to_ms + 1, 10 * SECOND):
            # A token for each quarter of an hour, and a stay for each token.
            first_ms = max(from_ms, at_ms // window_ms * window_ms)
            report = floor.presence(someone, first_ms, at_ms, n=1 + (at_ms - first_ms) // SECOND)
            median = loss_db(edge, where(at_ms))
            loss = Loss(median=median, p10=median - 2, last=median)
            reports.append(structs.replace(report, loss_db=loss))
        floor.hear(*reports, edge=edge, now_ms=to_ms + SECOND)
