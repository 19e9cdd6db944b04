from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_sim.core.ether.between import racks_between, walls_between
from shopbell_sim.core.site.shapes import Point, Wall, crosses
from shopbell_sim.core.site.site import Rack

RACK = Rack(left=3, top=2, width_m=1, depth_m=4, density=0.5)
WALL = Wall(a=Point(5, 0), b=Point(5, 4), loss_db=10)
COORDINATE = st.floats(0, 10)


def one(value: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([value])


@pytest.mark.parametrize(
    ("x", "y", "counted"),
    [(0, 4, 0.5), (0, 1, 0.0), (3.5, 4, 0.25), (3.5, 0, 0.5), (8, 9, 0.0), (5, 4, 0.0)],
    ids=["through", "beside", "from within", "along", "past", "on this side"],
)
def test_a_rack_counts_by_how_much_of_it_is_in_the_way(x: float, y: float, counted: float) -> None:
    to = (8.0, 4.0) if x != 3.5 or y else (3.5, 8.0)
    if (x, y) == (0, 1):
        to = (8.0, 1.0)

    assert racks_between(one(x), one(y), *to, [RACK])[0] == pytest.approx(counted)


@given(COORDINATE, COORDINATE, COORDINATE, COORDINATE)
def test_racks_are_the_same_from_both_ends(ax: float, ay: float, bx: float, by: float) -> None:
    there = racks_between(one(ax), one(ay), bx, by, [RACK])[0]
    back = racks_between(one(bx), one(by), ax, ay, [RACK])[0]

    assert 0 <= there <= RACK.density
    assert there == pytest.approx(back, abs=1e-6)


@given(COORDINATE, COORDINATE, COORDINATE, COORDINATE)
def test_walls_count_as_for_one_place(ax: float, ay: float, bx: float, by: float) -> None:
    lost_db = walls_between(one(ax), one(ay), bx, by, [WALL])[0]

    crossed = crosses(Point(ax, ay), Point(bx, by), WALL.a, WALL.b)
    assert lost_db == (10.0 if crossed else 0.0)
