from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_sim.core.ether.loss_map import LossMap
from shopbell_sim.core.ether.numbers import CHANNELS, STRONGEST_DBM, Ether
from shopbell_sim.core.ether.receptions import Company, Ears, Heard, Sent
from shopbell_sim.core.ether.shadowing import ShadowField
from shopbell_sim.core.outing.handset import CARRIES, FLAT_DB, Handset
from shopbell_sim.core.outing.itinerary import Itinerary, Walk
from shopbell_sim.core.radio import collision
from shopbell_sim.core.site.site import Place, Site
from tests.sim.core.a_site import FLAT, SITE

BARE = Ether(
    shadowing_sd_db=0.0,
    receiver_sd_db=0.0,
    channel_sd_db=0.0,
    rician_moving_db=60.0,
    rician_still_db=60.0,
    lost=0.0,
)
"""Without chance: what is left is geometry."""

ALWAYS = replace(FLAT, receivers=tuple(replace(each, rests_s=0.0) for each in FLAT.receivers))
PHONE = Handset(
    platform="android",
    offset_db=0.0,
    rests="bag",
    body_db=(0.0, 0.0, 0.0),
    addresses_from_s=0.0,
)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def standing(at: Place, for_s: float = 200.0) -> Itinerary:
    walk = Walk(at, 0.0)
    walk.stand(for_s, 0.0, rng())
    return walk.itinerary()


def sent(carry: int = 0, count: int = 400) -> Sent:
    numbers = np.zeros(count, dtype=np.int64)
    return Sent(np.linspace(0, 199, count), numbers, numbers + carry)


def alone(count: int = 400) -> Company:
    return Company(per_m2=np.zeros(count), packets_per_ms=np.zeros(count))


def heard(
    at: Place,
    *,
    site: Site = ALWAYS,
    ether: Ether = BARE,
    phone: Handset = PHONE,
    what: Sent | None = None,
    company: Company | None = None,
) -> Heard:
    ears = Ears(site, ether, rng())
    return ears.hear(rng(2), what or sent(), standing(at), phone, company or alone())


def mean_dbm(them: Heard, receiver: int) -> float:
    return float(np.mean(them.rssi_dbm[them.receivers == receiver]))


def test_who_is_further_away_is_weaker() -> None:
    near, far = heard(Place(0, 5, 6)), heard(Place(0, 9, 4.5))

    assert mean_dbm(near, 0) > mean_dbm(far, 0) + 5


def test_strength_is_in_whole_db_and_within_bounds() -> None:
    them = heard(Place(0, 5, 6.5), ether=Ether(), phone=replace(PHONE, offset_db=60.0))

    assert them.rssi_dbm.dtype.kind == "i"
    assert them.rssi_dbm.max() <= STRONGEST_DBM


def test_without_chance_everything_is_heard() -> None:
    assert len(heard(Place(0, 5, 6)).times_s) == 400 * len(ALWAYS.receivers)


def test_what_is_too_weak_is_not_heard() -> None:
    assert not len(heard(Place(0, 5, 6), phone=replace(PHONE, offset_db=-80.0)).times_s)


def test_a_silent_phone_is_not_heard() -> None:
    nothing = Sent(np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))

    assert not len(heard(Place(0, 5, 6), what=nothing, company=alone(0)).times_s)


@pytest.mark.parametrize("carry", range(len(CARRIES)))
def test_a_pocket_and_a_bag_take_their_share(carry: int) -> None:
    hand, here = heard(Place(0, 5, 5)), heard(Place(0, 5, 5), what=sent(carry))

    taken = FLAT_DB[CARRIES[carry]]
    assert mean_dbm(hand, 0) - mean_dbm(here, 0) == pytest.approx(taken, abs=0.6)


def test_a_back_is_turned_on_some() -> None:
    them = heard(Place(0, 5, 5), phone=replace(PHONE, body_db=(20.0, 0.0, 0.0)))
    rssi = them.rssi_dbm[them.receivers == 0]

    assert np.ptp(rssi) > 3  # she turns a little


def test_a_rack_is_in_the_way() -> None:
    # As far from the receiver at the back, in front of the rack and behind it.
    beside, behind = heard(Place(0, 1.5, 5.3)), heard(Place(0, 4.8, 2.0))

    assert mean_dbm(beside, 1) > mean_dbm(behind, 1) + 1


def test_a_ceiling_takes_as_much_as_the_site_says() -> None:
    site = replace(SITE, receivers=tuple(replace(each, rests_s=0.0) for each in SITE.receivers))
    thick = replace(site, slab_db=22.0)

    thin = mean_dbm(heard(Place(0, 5, 6), site=site), 2)
    assert thin - mean_dbm(heard(Place(0, 5, 6), site=thick), 2) == pytest.approx(7, abs=1)


def test_bluez_rests_a_third_of_the_time() -> None:
    them = heard(Place(0, 5, 6), site=FLAT)

    assert np.sum(them.receivers == 0) / 400 == pytest.approx(2 / 3, abs=0.06)
    assert np.sum(them.receivers == 1) == 400


def test_duty_is_a_share_of_what_is_heard() -> None:
    half = replace(ALWAYS, receivers=(replace(ALWAYS.receivers[0], duty=0.5),))

    assert len(heard(Place(0, 5, 6), site=half).times_s) / 400 == pytest.approx(0.5, abs=0.1)


def test_channels_of_a_receiver_differ() -> None:
    slow = replace(ALWAYS, receivers=(replace(ALWAYS.receivers[0], scan_ms=1000.0),))
    ether = msgspec.structs.replace(BARE, channel_sd_db=6.0)
    still = replace(PHONE, body_db=(0.0, 0.0, 0.0))

    them = heard(Place(0, 5, 5), site=slow, ether=ether, phone=still)

    assert 2 <= len(set(them.rssi_dbm.tolist())) <= 2 * CHANNELS


def test_others_talk_into_packets() -> None:
    company = Company(per_m2=np.zeros(400), packets_per_ms=np.full(400, 0.4))
    them = heard(Place(0, 5, 6), company=company)

    assert len(them.times_s) / 800 == pytest.approx(1 - collision(100, 250), abs=0.05)


def test_a_crowd_is_in_the_way_and_can_be_passed() -> None:
    full = Company(per_m2=np.full(400, 3.0), packets_per_ms=np.zeros(400))

    weaker = mean_dbm(heard(Place(0, 9, 5)), 0) - mean_dbm(heard(Place(0, 9, 5), company=full), 0)
    assert 3 < weaker <= BARE.most_crowd_db + 0.5


@given(st.floats(-20, 30), st.floats(-5, 20))
def test_a_place_beyond_the_map_counts_as_at_its_edge(x: float, y: float) -> None:
    lost = MAP.at(np.array([0]), np.array([x]), np.array([y]))

    assert np.isfinite(lost.loss_db).all()
    assert (lost.racks >= 0).all()


MAP = LossMap(SITE, Ether(), rng())


def test_nobody_is_on_a_level_that_is_not_there() -> None:
    assert not MAP.at(np.array([7]), np.array([1.0]), np.array([1.0])).loss_db.any()


def test_shadowing_is_smooth_and_has_an_sd_of_one() -> None:
    values = []
    for seed in range(40):
        field = ShadowField(rng(seed), 2.5)
        xs = np.arange(0, 60, 0.5)
        values.append(field.at(xs, np.zeros(len(xs))))
    all_of_them = np.array(values)

    assert all_of_them.std() == pytest.approx(1, abs=0.1)
    near = np.mean(all_of_them[:, 1:] * all_of_them[:, :-1])
    far = np.mean(all_of_them[:, 20:] * all_of_them[:, :-20])
    assert near > 0.85
    assert abs(far) < 0.15
