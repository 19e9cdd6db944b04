"""Staff: they are there all day with phones that the shop knows, and go from shelf to shelf."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_sim.core.outing.handset import draw_handset, on_air
from shopbell_sim.core.outing.itinerary import Walk
from shopbell_sim.core.outing.outings import Outing
from shopbell_sim.core.outing.street import street_end

if TYPE_CHECKING:
    from numpy.random import Generator

    from shopbell_sim.core.outing.trade import Trade
    from shopbell_sim.core.site.site import Site
    from shopbell_sim.core.site.ways import Ways

AT_ONE_PLACE_S: Final = (120.0, 900.0)

EARLY_S: Final = 600.0
"""Staff come before the doors open, and leave after they close."""


def shift(rng: Generator, site: Site, ways: Ways, trade: Trade, number: int) -> Outing:
    """Return a whole day of one of the staff."""
    handset = draw_handset(rng, iphones=0.0, spread_db=trade.phone_sd_db)
    walk = Walk(street_end(rng, site), -EARLY_S)
    door = site.doors[0]
    walk.go(site, ways.route(walk.at, door))
    spots = site.spots()
    until_s = trade.hours * 3600 + EARLY_S / 2
    while walk.now_s < until_s:
        spot = spots[int(rng.integers(len(spots)))]
        walk.go(site, ways.route(walk.at, spot.at))
        walk.stand(float(rng.uniform(*AT_ONE_PLACE_S)), spot.faces_rad, rng)
    walk.go(site, ways.route(walk.at, door))
    walk.go(site, ways.route(walk.at, street_end(rng, site)))
    itinerary = walk.itinerary()
    return Outing(
        who=f"staff-{number + 1:02d}",
        kind="staff",
        itinerary=itinerary,
        handset=handset,
        on_air=on_air(rng, handset, itinerary.begins_s, itinerary.ends_s),
    )
