"""The air of a whole day: what every receiver hears of every outing.

Owns: who is company to whom, and the dice of each outing.
Never: bytes (`voices`), or the order of things across outings (`timeline`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_sim.core.day.mishaps import unheard
from shopbell_sim.core.ether.receptions import Company, Ears, Heard, Sent
from shopbell_sim.core.outing.handset import sendings
from shopbell_sim.core.phone import ADVERTISING_DELAY_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shopbell_sim.core.day.mishaps import Outage
    from shopbell_sim.core.ether.numbers import Ether
    from shopbell_sim.core.outing.outings import Outing
    from shopbell_sim.core.outing.trade import Trade
    from shopbell_sim.core.site.site import Site

FRAMES: Final = 2
"""A phone of either kind sends two in turn (`phone.frames`)."""

COMPANY_S: Final = 30.0
"""How full the shop is, is counted so often."""


class Air:
    """Hears `outings` at `site`. The same `seed` is the same day, in whatever order outings are asked for."""

    def __init__(
        self,
        *,
        site: Site,
        ether: Ether,
        trade: Trade,
        outings: Sequence[Outing],
        outages: Sequence[Outage] = (),
        seed: int,
    ) -> None:
        self._site = site
        self._trade = trade
        self._outings = outings
        self._outages = outages
        self._seed = seed
        self._ears = Ears(site, ether, np.random.default_rng([seed, 0]))
        self._begins_s, self._people = _people(outings, trade)

    def heard(self, number: int) -> Heard:
        """Return all that is heard of the outing with this number, in the order of time."""
        outing = self._outings[number]
        rng = np.random.default_rng([self._seed, 1, number])
        sent = _sent(rng, outing)
        heard = self._ears.hear(
            rng, sent, outing.itinerary, outing.handset, self._company(sent.times_s)
        )
        lost = unheard(self._outages, self._site.receivers, heard.times_s, heard.receivers)
        return heard.only(~lost) if lost.any() else heard

    def _company(self, times_s: NDArray[np.float64]) -> Company:
        slots = ((times_s - self._begins_s) / COMPANY_S).astype(np.int64)
        people = self._people[np.clip(slots, 0, len(self._people) - 1)]
        area_m2 = sum(level.width_m * level.depth_m for level in self._site.levels)
        devices = people * self._trade.devices_per_person
        return Company(
            per_m2=people / area_m2, packets_per_ms=devices / self._trade.device_interval_ms
        )


def _sent(rng: np.random.Generator, outing: Outing) -> Sent:
    parts = [sendings(rng, outing.on_air, ADVERTISING_DELAY_MS) for _ in range(FRAMES)]
    times = np.concatenate([times for times, _ in parts])
    order = np.argsort(times, kind="stable")
    frames = np.concatenate(
        [np.full(len(each), frame, dtype=np.int64) for frame, (each, _) in enumerate(parts)]
    )
    carries = np.concatenate([carries for _, carries in parts])
    return Sent(times[order], frames[order], carries[order])


def _people(outings: Sequence[Outing], trade: Trade) -> tuple[float, NDArray[np.float64]]:
    """Return how many people are about, from when on and so often as COMPANY_S says."""
    if not outings:
        return 0.0, np.zeros(1)
    begins_s = min(each.itinerary.begins_s for each in outings)
    slots = int((max(each.itinerary.ends_s for each in outings) - begins_s) / COMPANY_S) + 1
    people = np.zeros(slots)
    for each in outings:
        weight = 1 + trade.others_per_customer if each.kind == "customer" else 1
        first = int((each.itinerary.begins_s - begins_s) / COMPANY_S)
        last = int((each.itinerary.ends_s - begins_s) / COMPANY_S)
        people[first : last + 1] += weight
    return begins_s, people
