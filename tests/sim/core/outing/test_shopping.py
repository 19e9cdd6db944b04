from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from shopbell_sim.core.outing.outings import Outing, Stay, happened, sending_inside_s, truth_of
from shopbell_sim.core.outing.shopping import outings
from shopbell_sim.core.outing.trade import Trade
from tests.sim.core.a_site import FLAT, SITE, ways

if TYPE_CHECKING:
    from shopbell_sim.core.site.site import Site

TRADE = Trade(
    hours=3,
    customers=30,
    passers=20,
    staff=1,
    stops=(1, 4),
    look_s=30,
    levels_visited=2,
    together=0.3,
    comes_again=0.3,
    forgot=0.3,
    brief=0.2,
    lingers=0.4,
    waits=0.3,
)


def day(trade: Trade = TRADE, site: Site = SITE, seed: int = 1) -> tuple[Outing, ...]:
    return outings(np.random.default_rng(seed), site, ways(site), trade)


def test_the_same_dice_are_the_same_day() -> None:
    one, other = day(), day()

    assert [each.who for each in one] == [each.who for each in other]
    assert all((a.itinerary.xs == b.itinerary.xs).all() for a, b in zip(one, other, strict=True))


def test_everybody_comes_from_the_street_and_goes_there() -> None:
    for each in day():
        where = each.itinerary.at(np.array([each.itinerary.begins_s, each.itinerary.ends_s]))
        assert (where.ys > SITE.ground.depth_m).all()


def test_customers_were_inside_and_passers_by_were_not() -> None:
    for each in day():
        stays = truth_of(each, SITE).stays
        assert len(stays) == (0 if each.kind == "passer" else 1)


def test_nobody_is_in_two_places() -> None:
    by_who: dict[str, list[Outing]] = {}
    for each in day():
        by_who.setdefault(each.who, []).append(each)

    assert any(len(hers) > 1 for hers in by_who.values())
    for hers in by_who.values():
        assert all(a.itinerary.ends_s < b.itinerary.begins_s for a, b in itertools.pairwise(hers))


def test_some_come_in_twos() -> None:
    everybody = {each.who: each for each in reversed(day())}  # the first of hers
    pairs = [(each, each) for who, each in everybody.items() if f"{who}-and" in everybody]

    assert pairs
    for one, _ in pairs:
        other = everybody[f"{one.who}-and"]
        assert 0 < other.itinerary.begins_s - one.itinerary.begins_s < 2


def test_a_till_serves_one_after_the_other() -> None:
    trade = msgspec.structs.replace(
        TRADE, pays=1.0, brief=0.0, levels_visited=1, together=0.0, comes_again=0.0, forgot=0.0
    )
    paid = sorted(each.paid_s for each in day(trade, FLAT) if each.paid_s is not None)

    assert len(paid) == 30
    assert all(b - a >= trade.paying_s[0] for a, b in itertools.pairwise(paid))


def test_a_shop_without_a_till_sells_nothing() -> None:
    site = replace(FLAT, tills=())

    assert not [each for each in day(TRADE, site) if each.paid_s is not None]


def test_truth_names_the_zones_in_order() -> None:
    for each in day(msgspec.structs.replace(TRADE, staff=0)):
        truth = truth_of(each, SITE)
        assert all(a.zone != b.zone for a, b in itertools.pairwise(truth.zones))
        for stay in truth.stays:
            assert stay.until_s > stay.from_s


def test_of_a_stay_only_what_was_on_the_air_can_be_heard() -> None:
    customers = [each for each in day() if each.kind == "customer"]
    android = next(each for each in customers if each.handset.platform == "android")
    (stay,) = truth_of(android, SITE).stays

    assert sending_inside_s(android, stay) == pytest.approx(stay.until_s - stay.from_s, abs=1)
    assert sending_inside_s(android, Stay(stay.until_s + 9e5, stay.until_s + 9.1e5)) == 0


def test_what_happened_is_told_in_order_of_time() -> None:
    paid = next(each for each in day() if each.paid_s is not None)

    told = happened(paid, truth_of(paid, SITE))

    assert [each.at_s for each in told] == sorted(each.at_s for each in told)
    assert [each.what for each in told if each.what != "zone"] == ["entered", "bought", "went_out"]
