from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_sim.core.outing.itinerary import (
    SHOP_M_PER_S,
    STREET_M_PER_S,
    UNKNOWN_STAIRS_S,
    Walk,
)
from shopbell_sim.core.site.site import Place
from tests.sim.core.a_site import SITE


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 7)), min_size=1, max_size=6))
def test_nobody_is_faster_than_she_walks(places: list[tuple[float, float]]) -> None:
    walk = Walk(Place(0, 5, 5), 10.0)
    walk.go(SITE, [Place(0, x, y) for x, y in places])
    itinerary = walk.itinerary()

    times = np.arange(itinerary.begins_s, itinerary.ends_s + 1, 0.1)
    where = itinerary.at(times)

    steps = np.hypot(np.diff(where.xs), np.diff(where.ys))
    assert (steps <= SHOP_M_PER_S * 0.1 + 1e-9).all()
    assert (where.xs[-1], where.ys[-1]) == pytest.approx(places[-1])


def test_people_walk_faster_in_the_street() -> None:
    walk = Walk(Place(0, 0, 10), 0.0)
    walk.go(SITE, [Place(0, 14, 10)])

    assert walk.now_s == pytest.approx(14 / STREET_M_PER_S)


def test_one_who_stands_turns_now_and_then() -> None:
    walk = Walk(Place(0, 5, 5), 0.0)
    walk.stand(120, math.pi, rng())
    itinerary = walk.itinerary()

    where = itinerary.at(np.arange(0, 119, 1.0))

    assert set(where.xs) == {5.0}
    assert not where.moving.any()
    assert len(set(where.headings_rad)) > 5


def test_one_who_stands_in_a_queue_looks_where_she_went() -> None:
    walk = Walk(Place(0, 5, 5), 0.0)
    walk.go(SITE, [Place(0, 5, 7)])
    walk.stand(60, None, rng())

    headings = walk.itinerary().at(np.arange(5, 60, 1.0)).headings_rad

    assert np.mean(headings) == pytest.approx(math.pi / 2, abs=0.8)


@pytest.mark.parametrize(
    ("there", "takes_s"), [(SITE.stairs[0].above, 20.0), (Place(1, 3, 3), UNKNOWN_STAIRS_S)]
)
def test_stairs_take_their_time(there: Place, takes_s: float) -> None:
    walk = Walk(SITE.stairs[0].below, 0.0)
    walk.go(SITE, [there])
    itinerary = walk.itinerary()

    assert walk.now_s == pytest.approx(takes_s)
    assert itinerary.at(np.array([1.0, takes_s + 1])).levels.tolist() == [0, 1]


def test_two_walk_side_by_side() -> None:
    walk = Walk(Place(0, 5, 5), 0.0)
    walk.go(SITE, [Place(0, 5, 5), Place(0, 5, 7)])
    one = walk.itinerary()

    other = one.beside(0.5, 1.0)

    assert other.begins_s == one.begins_s + 1
    assert (other.xs - one.xs == 0.5).all()
