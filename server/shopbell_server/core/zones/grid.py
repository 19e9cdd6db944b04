"""A floor cut into cells: which zone each cell belongs to, and how far it is from the receivers.

Owns: the geometry that the zone engine works on.
Never: strengths, devices, time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shopbell_server.core.zones.floor import Area, Floor

FINEST_M: Final = 0.5
"""Half of the error that is aimed at; finer cells cost four times as much and gain nothing that was
measured."""

CELLS: Final = 1_600
"""Cells per floor, about: 400 m² at the finest size. A floor of 10 000 m² gets cells of 2.5 m, as its
receivers are further apart too. It bounds a device to 17 ways of walking in 1 600 cells of 8 bytes,
220 kB."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """A floor's cells, x first: cell `i * ny + j` is the i-th along x and the j-th along y."""

    nx: int
    ny: int
    width_m: float
    depth_m: float
    centres_m: NDArray[np.float64]
    """[cells, 2]"""

    zone_shares: NDArray[np.float64]
    """[cells, zones]: how much of a cell lies in each zone; every row sums to 1."""

    @property
    def cells(self) -> int:
        """How many there are."""
        return self.nx * self.ny


def grid_of(floor: Floor) -> Grid:
    """Return the floor's cells, about square; what no zone covers counts for the nearest one."""
    extent = floor.extent
    across, along = extent.right_m - extent.left_m, extent.top_m - extent.bottom_m
    side = max(FINEST_M, math.sqrt(across * along / CELLS))
    nx, ny = max(1, round(across / side)), max(1, round(along / side))
    width, depth = across / nx, along / ny
    x = extent.left_m + (np.arange(nx) + 0.5) * width
    y = extent.bottom_m + (np.arange(ny) + 0.5) * depth
    centres = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)
    return Grid(
        nx=nx,
        ny=ny,
        width_m=width,
        depth_m=depth,
        centres_m=centres,
        zone_shares=_shares(floor.zones, centres, np.array([width, depth])),
    )


def distances_m(
    floor: Floor, points_m: NDArray[np.float64], height_m: float
) -> NDArray[np.float64]:
    """Return how far each receiver is from each point at that height: [receivers, points], metres."""
    hung = np.array([[each.x_m, each.y_m, each.z_m] for each in floor.receivers])
    flat = np.square(points_m[None] - hung[:, None, :2]).sum(axis=2)
    far: NDArray[np.float64] = np.sqrt(flat + np.square(height_m - hung[:, None, 2]))
    return far


def _shares(
    zones: Sequence[Area], centres: NDArray[np.float64], size: NDArray[np.float64]
) -> NDArray[np.float64]:
    low = np.array([[each.left_m, each.bottom_m] for each in zones])
    high = np.array([[each.right_m, each.top_m] for each in zones])
    near = np.maximum(centres[:, None] - size / 2, low)
    sides = np.clip(np.minimum(centres[:, None] + size / 2, high) - near, 0.0, None)
    shares = sides.prod(axis=2)
    outside = np.maximum(low - centres[:, None], centres[:, None] - high).clip(0.0)
    nearest = np.square(outside).sum(axis=2).argmin(axis=1)
    uncovered = shares.sum(axis=1) == 0
    shares[uncovered, nearest[uncovered]] = 1.0
    settled: NDArray[np.float64] = shares / shares.sum(axis=1, keepdims=True)
    return settled
