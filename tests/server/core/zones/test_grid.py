from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.zones.floor import Area, Floor, Receiver
from shopbell_server.core.zones.grid import CELLS, distances_m, grid_of
from tests.server.core.zones.small_floor import floor, grid

SOMEWHERE = Receiver(name="r", x_m=1, y_m=2, z_m=2)
sides = st.floats(0.3, 300)


def _floor(extent: Area, *zones: Area) -> Floor:
    return Floor(extent=extent, receivers=(SOMEWHERE,), zones=zones)


@given(across=sides, along=sides, cut=st.floats(0.05, 0.95), missing=st.floats(0.05, 0.9))
def test_every_cell_belongs_to_zones_and_wholly(
    across: float, along: float, cut: float, missing: float
) -> None:
    where = _floor(
        Area(name="floor", left_m=0, bottom_m=0, right_m=across, top_m=along),
        Area(name="a", left_m=0, bottom_m=0, right_m=cut * across, top_m=missing * along),
        Area(name="b", left_m=cut * across, bottom_m=0, right_m=across, top_m=missing * along),
    )
    cells = grid_of(where)
    assert np.allclose(cells.zone_shares.sum(axis=1), 1.0)
    assert (cells.zone_shares >= 0).all()
    assert cells.centres_m.shape == (cells.cells, 2)
    # Rounding makes a side half a cell longer at most; a corridor one cell wide has no more of them.
    assert cells.cells <= 1.6 * CELLS + 2 * max(across, along)


def test_cells_are_half_a_metre_on_a_small_floor_and_larger_on_a_large_one() -> None:
    assert grid().width_m == grid().depth_m == 0.5
    hall = Area(name="hall", left_m=0, bottom_m=0, right_m=100, top_m=100)
    assert grid_of(_floor(hall, hall)).width_m == 2.5


def test_a_cell_across_a_border_is_in_both_zones() -> None:
    where = _floor(
        Area(name="floor", left_m=0, bottom_m=0, right_m=1, top_m=0.5),
        Area(name="a", left_m=0, bottom_m=0, right_m=0.6, top_m=0.5),
        Area(name="b", left_m=0.6, bottom_m=0, right_m=1, top_m=0.5),
    )
    assert np.allclose(grid_of(where).zone_shares, np.array([[1, 0], [0.2, 0.8]]))


def test_distance_is_through_space() -> None:
    assert distances_m(floor(), np.array([[3.0, 4.0]]), 2.0)[0, 0] == 5.0
    assert distances_m(floor(), np.array([[0.0, 0.0]]), 1.5)[0, 0] == 0.5
