"""A day's trade: who comes when, what for, with whom, and who only walks past.

Owns: arrivals, errands, queues at the tills, couples, people who come back, passers-by, staff.
Never: signals. All of it is drawn from the dice that are handed in; the same dice are the same day.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_sim.core.outing.handset import draw_handset, on_air
from shopbell_sim.core.outing.itinerary import Walk
from shopbell_sim.core.outing.outings import Outing
from shopbell_sim.core.outing.passing import passer_by
from shopbell_sim.core.outing.shifts import shift
from shopbell_sim.core.outing.street import street_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator

    from shopbell_sim.core.outing.handset import Handset
    from shopbell_sim.core.outing.trade import Trade
    from shopbell_sim.core.site.site import Place, Site, Spot
    from shopbell_sim.core.site.ways import Ways


AGAIN_S: Final = (2700.0, 14400.0)
"""After 45 minutes at the least, which is another visit by a gap of 30."""

FORGOT_S: Final = (120.0, 540.0)

LAST_S: Final = 1200.0
"""Before closing nobody comes in any more who wants to look round."""

BRIEF_S: Final = (10.0, 60.0)

OPENS_AT_DOOR: Final = 0.35
OPENS_AT_TILL: Final = 0.5
"""So many open the retailer's app when they come in, and at the till."""


@dataclass(slots=True)
class _Errand:
    """Somebody on her way; `due_s` is when she stands before the till."""

    who: str
    walk: Walk
    handset: Handset
    leaves_by: Place
    companion: Handset | None
    opened_s: list[float] = field(default_factory=list)
    paid_s: float | None = None


def outings(rng: Generator, site: Site, ways: Ways, trade: Trade) -> tuple[Outing, ...]:
    """Return everybody's outings, in the order in which they begin."""
    shoppers = [
        _errand(rng, site, ways, trade, number, at_s) for number, at_s in _arrivals(rng, trade)
    ]
    _queue(rng, site, ways, trade, shoppers)
    made: list[Outing] = []
    for each in shoppers:
        made += _gone(rng, site, ways, trade, each)
    made += (passer_by(rng, site, ways, trade, number) for number in range(trade.passers))
    made += (shift(rng, site, ways, trade, number) for number in range(trade.staff))
    return tuple(sorted(made, key=lambda one: (one.itinerary.begins_s, one.who)))


def _arrivals(rng: Generator, trade: Trade) -> Iterator[tuple[int, float]]:
    """Yield each customer and when she comes; few come twice."""
    # All hours are a little shorter, so that nobody comes in the last twenty minutes.
    hour_s = (trade.hours * 3600 - LAST_S) / math.ceil(trade.hours)
    weights = np.array(
        [trade.hourly[min(hour, len(trade.hourly) - 1)] for hour in range(math.ceil(trade.hours))]
    )
    for number in range(trade.customers):
        hour = int(rng.choice(len(weights), p=weights / weights.sum()))
        yield number, (hour + float(rng.random())) * hour_s


def _errand(
    rng: Generator, site: Site, ways: Ways, trade: Trade, number: int, at_s: float
) -> _Errand:
    handset = draw_handset(rng, iphones=trade.iphones, spread_db=trade.phone_sd_db)
    companion = None
    if rng.random() < trade.together:
        companion = draw_handset(rng, iphones=trade.iphones, spread_db=trade.phone_sd_db)
    walk = Walk(street_end(rng, site), at_s, pace=float(rng.uniform(0.8, 1.2)))
    door = site.doors[int(rng.integers(len(site.doors)))]
    errand = _Errand(
        who=f"customer-{number + 1:04d}",
        walk=walk,
        handset=handset,
        leaves_by=site.doors[int(rng.integers(len(site.doors)))],
        companion=companion,
    )
    walk.go(site, (*ways.route(walk.at, door),))
    if rng.random() < OPENS_AT_DOOR:
        errand.opened_s.append(walk.now_s)
    brief = rng.random() < trade.brief
    for spot in _list(rng, site, trade, walk.at, brief=brief):
        walk.go(site, ways.route(walk.at, spot.at))
        look_s = float(rng.uniform(*BRIEF_S)) if brief else _look_s(rng, trade)
        walk.stand(look_s, spot.faces_rad, rng)
    if not brief and site.tills and rng.random() < trade.pays:
        errand.paid_s = math.inf
        till = site.tills[0]
        near = min(site.tills, key=lambda one: _gap(walk.at, one)) if len(site.tills) > 1 else till
        walk.go(site, ways.route(walk.at, near))
    return errand


def _queue(rng: Generator, site: Site, ways: Ways, trade: Trade, shoppers: list[_Errand]) -> None:
    """Let everybody who pays wait for the next free till of her level, first come, first served."""
    free_s = dict.fromkeys(site.tills, 0.0)
    for each in sorted(
        (one for one in shoppers if one.paid_s is not None), key=lambda one: one.walk.now_s
    ):
        level = each.walk.at.level
        till = min(
            (one for one in free_s if one.level == level), key=lambda one: (free_s[one], one)
        )
        walk = each.walk
        walk.stand(max(0.0, free_s[till] - walk.now_s), None, rng)
        walk.go(site, ways.route(walk.at, till))
        if rng.random() < OPENS_AT_TILL:
            each.opened_s.append(walk.now_s)
        walk.stand(float(rng.uniform(*trade.paying_s)), None, rng)
        free_s[till] = each.paid_s = walk.now_s


def _gone(
    rng: Generator, site: Site, ways: Ways, trade: Trade, errand: _Errand
) -> Iterator[Outing]:
    """Yield the outing once she is home, of whoever came with her, and that on which she came back."""
    walk = errand.walk
    walk.go(site, ways.route(walk.at, errand.leaves_by))
    walk.go(site, ways.route(walk.at, street_end(rng, site)))
    yield from _both(rng, errand)
    chance = rng.random()
    if chance < trade.forgot:
        yield from _back(rng, site, ways, trade, errand, float(rng.uniform(*FORGOT_S)))
    elif chance < trade.forgot + trade.comes_again:
        yield from _back(rng, site, ways, trade, errand, float(rng.uniform(*AGAIN_S)))


def _back(
    rng: Generator, site: Site, ways: Ways, trade: Trade, errand: _Errand, after_s: float
) -> Iterator[Outing]:
    """Yield another, shorter outing of hers, if the shop is still open: two things, and no till."""
    at_s = errand.walk.now_s + after_s
    if at_s > trade.hours * 3600 - LAST_S:
        return
    walk = Walk(street_end(rng, site), at_s)
    walk.go(site, ways.route(walk.at, errand.leaves_by))
    for spot in _list(rng, site, trade, walk.at, brief=False)[:2]:
        walk.go(site, ways.route(walk.at, spot.at))
        walk.stand(_look_s(rng, trade), spot.faces_rad, rng)
    walk.go(site, ways.route(walk.at, errand.leaves_by))
    walk.go(site, ways.route(walk.at, street_end(rng, site)))
    yield from _both(
        rng,
        _Errand(
            who=errand.who,
            walk=walk,
            handset=errand.handset,
            leaves_by=errand.leaves_by,
            companion=None,
        ),
    )


def _both(rng: Generator, errand: _Errand) -> Iterator[Outing]:
    itinerary = errand.walk.itinerary()
    yield Outing(
        who=errand.who,
        kind="customer",
        itinerary=itinerary,
        handset=errand.handset,
        on_air=on_air(rng, errand.handset, itinerary.begins_s, itinerary.ends_s, errand.opened_s),
        paid_s=errand.paid_s,
    )
    if errand.companion is None:
        return
    # Side by side: half a metre and a step behind.
    beside = itinerary.beside(float(rng.uniform(0.3, 0.6)), float(rng.uniform(0.3, 1.2)))
    yield Outing(
        who=f"{errand.who}-and",
        kind="customer",
        itinerary=beside,
        handset=errand.companion,
        on_air=on_air(rng, errand.companion, beside.begins_s, beside.ends_s),
    )


def _list(rng: Generator, site: Site, trade: Trade, start: Place, *, brief: bool) -> list[Spot]:
    """Return what she looks at, level by level, always the nearest next."""
    levels = 1 if brief else int(rng.integers(1, trade.levels_visited + 1))
    top = int(rng.integers(len(site.levels))) if levels > 1 or trade.levels_visited > 1 else 0
    numbers = sorted({0, *range(max(0, top - levels + 1), top + 1)})[-levels:]
    spots = [spot for spot in site.spots() if spot.at.level in numbers]
    count = 1 if brief else int(rng.integers(trade.stops[0], trade.stops[1] + 1))
    chosen = [
        spots[index] for index in rng.choice(len(spots), min(count, len(spots)), replace=False)
    ]
    ordered: list[Spot] = []
    here = start
    while chosen:
        next_one = min(chosen, key=lambda spot: (spot.at.level, _gap(here, spot.at)))
        chosen.remove(next_one)
        ordered.append(next_one)
        here = next_one.at
    return ordered


def _look_s(rng: Generator, trade: Trade) -> float:
    # Nobody stands before a shelf for ever: four times the median is as long as it gets.
    return trade.look_s * min(math.exp(rng.normal(0, trade.look_sigma)), 4.0)


def _gap(one: Place, other: Place) -> float:
    return math.hypot(one.x - other.x, one.y - other.y) + 100.0 * abs(one.level - other.level)
