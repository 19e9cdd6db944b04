"""People who take part and do not come in: they walk past, stop at the window, or wait for somebody."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from shopbell_sim.core.outing.handset import draw_handset, on_air
from shopbell_sim.core.outing.itinerary import Walk
from shopbell_sim.core.outing.outings import Outing
from shopbell_sim.core.outing.street import KERB_M, pavement_y, street_end
from shopbell_sim.core.site.site import Place

if TYPE_CHECKING:
    from numpy.random import Generator

    from shopbell_sim.core.outing.trade import Trade
    from shopbell_sim.core.site.site import Site
    from shopbell_sim.core.site.ways import Ways

LINGER_S: Final = 15.0
"""Median of a look through the window, log-normal. [design choice]"""

WAIT_S: Final = 150.0
"""Median of a wait for somebody. [design choice]"""

SIGMA: Final = 0.6


def passer_by(rng: Generator, site: Site, ways: Ways, trade: Trade, number: int) -> Outing:
    """Return somebody who goes from one end of the street to the other."""
    handset = draw_handset(rng, iphones=trade.iphones, spread_db=trade.phone_sd_db)
    from_left = bool(rng.random() < 0.5)  # noqa: PLR2004  (a coin)
    walk = Walk(
        street_end(rng, site, left=from_left),
        float(rng.uniform(0, trade.hours * 3600)),
        pace=float(rng.uniform(0.8, 1.2)),
    )
    chance = rng.random()
    if chance < trade.lingers:
        window = Place(
            0, float(rng.uniform(1, site.ground.width_m - 1)), site.ground.depth_m + KERB_M
        )
        walk.go(site, ways.route(walk.at, window))
        walk.stand(_median_s(rng, LINGER_S), -math.pi / 2, rng)
    elif chance < trade.lingers + trade.waits:
        door = site.doors[int(rng.integers(len(site.doors)))]
        aside = Place(0, door.x + float(rng.uniform(-4, 4)), pavement_y(rng, site))
        walk.go(site, ways.route(walk.at, aside))
        walk.stand(_median_s(rng, WAIT_S), float(rng.uniform(0, math.tau)), rng)
    walk.go(site, ways.route(walk.at, street_end(rng, site, left=not from_left)))
    itinerary = walk.itinerary()
    return Outing(
        who=f"passer-{number + 1:04d}",
        kind="passer",
        itinerary=itinerary,
        handset=handset,
        on_air=on_air(rng, handset, itinerary.begins_s, itinerary.ends_s),
    )


def _median_s(rng: Generator, median_s: float) -> float:
    return median_s * math.exp(rng.normal(0, SIGMA))
