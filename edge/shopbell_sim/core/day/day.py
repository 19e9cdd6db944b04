"""A day that can be simulated: its shop, its trade, its air, what goes wrong.

Owns: what a day is, who comes, and what of it is on the air.
Never: files (`adapters.day_file`), or who listens (`edge`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shopbell_sim.core.day.air import Air
from shopbell_sim.core.day.timeline import Timeline
from shopbell_sim.core.outing.shopping import outings
from shopbell_sim.core.site.ways import Ways

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from shopbell_sim.core.day.mishaps import Outage, WrongClock
    from shopbell_sim.core.ether.numbers import Ether
    from shopbell_sim.core.outing.outings import Outing
    from shopbell_sim.core.outing.trade import Trade
    from shopbell_sim.core.site.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day. `opens_s` is Unix time; the same `seed` is the same day."""

    name: str
    site: Site
    opens_s: float
    zone: tzinfo
    seed: int
    trade: Trade
    ether: Ether
    outages: tuple[Outage, ...]
    clocks: tuple[WrongClock, ...]

    def people(self) -> tuple[Outing, ...]:
        """Return everybody's outings, in the order in which they begin."""
        rng = np.random.default_rng(self.seed)
        return outings(rng, self.site, Ways(self.site), self.trade)

    def heard(self, people: Sequence[Outing]) -> Timeline:
        """Return what scanners hear of `people`, some of the day's or all, in that order."""
        air = Air(
            site=self.site,
            ether=self.ether,
            trade=self.trade,
            outings=people,
            outages=self.outages,
            seed=self.seed,
        )
        return Timeline(air, people)
