"""Where the street ends: people come from there and go there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_sim.core.site.site import Place
from shopbell_sim.core.site.ways import MARGIN_M

if TYPE_CHECKING:
    from numpy.random import Generator

    from shopbell_sim.core.site.site import Site

KERB_M: Final = 1.0
"""Nobody walks nearer to the shop's front, or to the end of the picture."""


def street_end(rng: Generator, site: Site, *, left: bool | None = None) -> Place:
    """Return one end of the pavement; None: either."""
    to_left = bool(rng.random() < 0.5) if left is None else left  # noqa: PLR2004  (a coin)
    x = -MARGIN_M + 0.5 if to_left else site.ground.width_m + MARGIN_M - 0.5
    return Place(0, x, pavement_y(rng, site))


def pavement_y(rng: Generator, site: Site) -> float:
    """Return how far from the front somebody walks."""
    depth_m = site.ground.depth_m
    return float(rng.uniform(depth_m + KERB_M, depth_m + max(site.street_m - 0.5, KERB_M)))
