"""What lies between a place and a receiver.

Owns: counting racks and adding up walls along straight lines, for many places at once.
Never: what that means for a signal (`loss_map`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from shopbell_sim.core.site.shapes import Wall
    from shopbell_sim.core.site.site import Rack

    Numbers = NDArray[np.float64]

_TINY: Final = 1e-9
"""A line that runs along an axis divides by this instead of nothing."""


def racks_between(xs: Numbers, ys: Numbers, x: float, y: float, racks: Iterable[Rack]) -> Numbers:
    """Return how many racks, by density, the lines from each place to (x, y) pass through.

    One that is only grazed counts by the part of its thinner side that the line has in it, so that
    nobody gains 5 dB by a hand's breadth.
    """
    total = np.zeros(len(xs))
    dx, dy = _off_zero(x - xs), _off_zero(y - ys)
    length = np.hypot(dx, dy)
    for rack in racks:
        ax, bx = (rack.left - xs) / dx, (rack.right - xs) / dx
        ay, by = (rack.top - ys) / dy, (rack.bottom - ys) / dy
        enters = np.maximum(np.maximum(np.minimum(ax, bx), np.minimum(ay, by)), 0.0)
        leaves = np.minimum(np.minimum(np.maximum(ax, bx), np.maximum(ay, by)), 1.0)
        within_m = np.maximum(leaves - enters, 0.0) * length
        thin_m = min(rack.width_m, rack.depth_m)
        total += rack.density * np.minimum(within_m / thin_m, 1.0)
    return total


def walls_between(xs: Numbers, ys: Numbers, x: float, y: float, walls: Iterable[Wall]) -> Numbers:
    """Return what the walls that each line to (x, y) crosses take, in dB."""
    total = np.zeros(len(xs))
    for wall in walls:
        (ax, ay), (bx, by) = wall.a, wall.b
        one = _side(xs, ys, x, y, ax, ay) * _side(xs, ys, x, y, bx, by)
        along_x, along_y = bx - ax, by - ay
        of_places = along_x * (ys - ay) - along_y * (xs - ax)
        of_receiver = along_x * (y - ay) - along_y * (x - ax)
        total += np.where((one < 0) & (of_places * of_receiver < 0), wall.loss_db, 0.0)
    return total


def _side(xs: Numbers, ys: Numbers, x: float, y: float, px: float, py: float) -> Numbers:
    return (x - xs) * (py - ys) - (y - ys) * (px - xs)


def _off_zero(values: Numbers) -> Numbers:
    return np.where(np.abs(values) < _TINY, _TINY, values)
