from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shopbell_sim.core.site.shapes import Point, inside
from shopbell_sim.core.site.site import REACH_M, Place
from tests.sim.core.a_site import GROUND, SITE


def test_the_street_begins_at_the_front_of_the_ground_level() -> None:
    assert SITE.is_outside(Place(0, 5, 8))
    assert not SITE.is_outside(Place(0, 5, 7.9))
    assert not SITE.is_outside(Place(1, 5, 8))


@given(st.floats(-2, 12), st.floats(-2, 12))
def test_a_zone_is_found_for_many_places_as_for_one(x: float, y: float) -> None:
    (found,) = SITE.zones_at(np.array([0]), np.array([x]), np.array([y])).tolist()

    within = [zone.id for zone in GROUND.zones if inside(zone.outline, Point(x, y))]
    assert (SITE.zone_ids()[found] if found >= 0 else None) == (within[0] if within else None)


def test_a_zone_is_of_its_level_alone() -> None:
    found = SITE.zones_at(np.array([0, 1]), np.array([5.0, 5.0]), np.array([2.0, 2.0]))

    assert [SITE.zone_ids()[each] for each in found] == ["back", "up"]


def test_one_looks_at_both_long_sides_of_a_rack() -> None:
    spots = SITE.spots()

    upright = [spot.at for spot in spots if spot.at.level == 0]
    assert {at.x for at in upright} == {3 - REACH_M, 4 + REACH_M}
    lying = [spot.at for spot in spots if spot.at.level == 1]
    assert {at.y for at in lying} == {3 - REACH_M, 4 + REACH_M}
