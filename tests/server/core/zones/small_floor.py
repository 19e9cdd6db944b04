"""A floor small enough for property tests, and devices that walk over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shopbell_server.core.zones.floor import Area, Floor, Receiver
from shopbell_server.core.zones.grid import Grid, distances_m, grid_of
from shopbell_server.core.zones.position_filter import Beliefs, Engine, arrived, engine_of, stepped
from shopbell_server.core.zones.radio_map import AT_1_M_DBM, SLOPE, falling_db, unsurveyed_map

if TYPE_CHECKING:
    from numpy.typing import NDArray

CORNERS = ((0.0, 0.0), (8.0, 0.0), (8.0, 6.0), (0.0, 6.0), (4.0, 3.0))
ALL_HEAR = np.ones(len(CORNERS), dtype=np.bool_)


def floor(order: tuple[int, ...] = (0, 1, 2, 3, 4)) -> Floor:
    return Floor(
        extent=Area(name="floor", left_m=0, bottom_m=0, right_m=8, top_m=6),
        receivers=tuple(
            Receiver(name=f"r{index}", x_m=CORNERS[index][0], y_m=CORNERS[index][1], z_m=2.0)
            for index in order
        ),
        zones=(
            Area(name="left", left_m=0, bottom_m=0, right_m=4, top_m=6),
            Area(name="right", left_m=4, bottom_m=0, right_m=8, top_m=6),
        ),
    )


def grid() -> Grid:
    return grid_of(floor())


def engine(order: tuple[int, ...] = (0, 1, 2, 3, 4)) -> Engine:
    there = floor(order)
    cells = grid_of(there)
    return engine_of(there, cells, unsurveyed_map(there, cells))


def heard_at(x_m: float, y_m: float) -> NDArray[np.float64]:
    """Return what all receivers hear of a device there, without noise."""
    far = distances_m(floor(), np.array([[x_m, y_m]]), 1.5)[:, 0]
    return AT_1_M_DBM + SLOPE * falling_db(far)


def standing(x_m: float, y_m: float, ticks: int) -> Beliefs:
    where = engine()
    beliefs = arrived(where, 1)
    for _ in range(ticks):
        beliefs = stepped(where, beliefs, heard_at(x_m, y_m)[None], ALL_HEAR)
    return beliefs
