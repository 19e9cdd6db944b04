from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopbell_sim.core import plan
from shopbell_sim.core.crowd import Crowd, Happened, Who
from shopbell_sim.core.floor import DEMO_FLOOR, distance_m
from shopbell_sim.core.shopper import WALK_M_PER_S, Doing, checking_in

DAY_S = 1_200
STEP_S = 0.5


def _day(seed: int, count: int) -> list[Happened]:
    rng = Random(seed)
    crowd = Crowd(DEMO_FLOOR)
    happened: list[Happened] = []
    for number in range(count):
        crowd.add(Who(f"p{number}"), plan.errand(rng, DEMO_FLOOR))
    for step in range(int(DAY_S / STEP_S)):
        before = dict(crowd.shoppers)
        happened += crowd.step(rng, step * STEP_S, STEP_S)
        served = [
            one for one in crowd.shoppers.values() if one.doing in (Doing.CHECKING_IN, Doing.PAYING)
        ]
        assert len(served) <= 1
        for who, after in crowd.shoppers.items():
            moved_m = distance_m(before[who].at, after.at)
            assert moved_m <= WALK_M_PER_S * STEP_S + 1e-6
    assert not crowd.shoppers, "somebody never left"
    return happened


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 12))
def test_everybody_comes_in_and_leaves_and_one_is_served_at_a_time(seed: int, count: int) -> None:
    happened = _day(seed, count)
    for number in range(count):
        own = [each.what for each in happened if each.who == f"p{number}"]
        assert own[0] == "entered"
        assert own[-1] == "gone"
        assert own.count("entered") == own.count("went_out")
        assert own.count("bought") <= 1


def test_the_same_dice_give_the_same_day() -> None:
    assert _day(7, 5) == _day(7, 5)


def test_a_pass_is_shown_before_it_is_paid_and_at_the_till() -> None:
    happened = [each for seed in range(6) for each in _day(seed, 6)]
    shown = [each for each in happened if each.what in ("showed_pass", "bought")]
    assert {each.zone for each in shown} == {"till"}


def test_nobody_comes_twice_at_once() -> None:
    crowd = Crowd(DEMO_FLOOR)
    errand = plan.errand(Random(1), DEMO_FLOOR)
    crowd.add(Who("p"), errand)
    with pytest.raises(ValueError, match="here already"):
        crowd.add(Who("p"), errand)


def test_who_is_placed_at_the_till_is_served_and_looks_around_afterwards() -> None:
    rng = Random(1)
    crowd = Crowd(DEMO_FLOOR)
    crowd.place(Who("p"), checking_in(plan.first_errand(DEMO_FLOOR), DEMO_FLOOR, 0.0))
    assert crowd.zone_of(Who("p")) == "till"
    seen = []
    for step in range(600):
        crowd.step(rng, step * STEP_S, STEP_S)
        if crowd.shoppers:
            seen.append(crowd.shoppers[Who("p")].doing)
    assert list(dict.fromkeys(seen)) == [
        Doing.CHECKING_IN, Doing.BROWSING, Doing.QUEUEING, Doing.PAYING, Doing.LEAVING,
    ]  # fmt: skip
