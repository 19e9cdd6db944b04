"""How people move between two ticks: they stand, or walk on in their direction, and now and then turn.

Owns: the ways of walking, and carrying beliefs of many devices over one tick.
Never: strengths.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from shopbell_server.core.zones.grid import Grid

SPEEDS_M_S: Final = (0.5, 1.0)
"""People browse at 0.3-0.7 m/s and walk through a shop at about 1; what is between is made up by the
spread."""

HEADINGS: Final = 8
"""45° apart; twelve gain less than 0.02 m."""

TURN_S: Final = 10.0
"""How long a direction lasts: 5-10 m of aisle. At 4 s the result is that of no directions at all."""

CHANGE_S: Final = 60.0
"""How long a speed lasts."""

STAND_S: Final = 30.0
"""How long one stands before a shelf."""

NEXT_TURN: Final = 3.0
"""A turn by 45° is this much likelier than one by any other angle: people round corners."""

SPREAD_M: Final = 0.35
"""Around the straight line after one second; it grows with the square root of time."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Walking:
    """Moves of one tick. Ways: standing first, then every heading of every speed."""

    tick_s: float
    change: NDArray[np.float64]
    """[ways, ways]: from each to each; rows sum to 1."""

    along_x: NDArray[np.float64]
    """[ways, nx, nx]: to each from each, of those who meet no wall."""

    along_y: NDArray[np.float64]
    """[ways, ny, ny]: from each to each, as much."""

    bounced_x: NDArray[np.float64]
    """[ways, nx, nx]: of those who turn round at a wall; columns of both together sum to 1."""

    bounced_y: NDArray[np.float64]
    """[ways, ny, ny]: from each to each, as much."""

    mirrored_x: NDArray[np.intp]
    """[ways]: the way with the opposite direction along x."""

    mirrored_y: NDArray[np.intp]


def walking(grid: Grid, tick_s: float) -> Walking:
    """Return how people move over `grid` in one tick."""
    if tick_s <= 0:
        raise ValueError(f"a tick of {tick_s:g} s: write more than 0")
    turns = 2 * math.pi * np.arange(HEADINGS) / HEADINGS
    directions = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    ways = np.concatenate([np.zeros((1, 2)), *(speed * directions for speed in SPEEDS_M_S)])
    spread = SPREAD_M * math.sqrt(tick_s)
    in_x = [_moves(grid.nx, grid.width_m, way[0] * tick_s, spread) for way in ways]
    in_y = [_moves(grid.ny, grid.depth_m, way[1] * tick_s, spread) for way in ways]
    return Walking(
        tick_s=tick_s,
        change=_changes(tick_s),
        along_x=np.stack([freely for freely, _ in in_x]),
        along_y=np.stack([freely.T for freely, _ in in_y]),
        bounced_x=np.stack([turned for _, turned in in_x]),
        bounced_y=np.stack([turned.T for _, turned in in_y]),
        mirrored_x=_mirrored(lambda heading: HEADINGS // 2 - heading),
        mirrored_y=_mirrored(lambda heading: -heading),
    )


def walked(belief: NDArray[np.float64], moves: Walking) -> NDArray[np.float64]:
    """Return beliefs [devices, ways, nx, ny] one tick later; their sums stay."""
    now = np.einsum("dwxy,wv->dvxy", belief, moves.change, optimize=True)
    now = moves.along_x @ now + (moves.bounced_x @ now)[:, moves.mirrored_x]
    later: NDArray[np.float64] = now @ moves.along_y + (now @ moves.bounced_y)[:, moves.mirrored_y]
    return later


def walked_back(message: NDArray[np.float64], moves: Walking) -> NDArray[np.float64]:
    """Return what a message about the next tick says about this one: the transpose of `walked`."""
    along_x, bounced_x = np.swapaxes(moves.along_x, 1, 2), np.swapaxes(moves.bounced_x, 1, 2)
    along_y, bounced_y = np.swapaxes(moves.along_y, 1, 2), np.swapaxes(moves.bounced_y, 1, 2)
    came = message @ along_y + message[:, moves.mirrored_y] @ bounced_y
    came = along_x @ came + bounced_x @ came[:, moves.mirrored_x]
    earlier: NDArray[np.float64] = np.einsum("dvxy,wv->dwxy", came, moves.change, optimize=True)
    return earlier


def _mirrored(turned: Callable[[int], int]) -> NDArray[np.intp]:
    ways = [0]
    for speed in range(len(SPEEDS_M_S)):
        ways += [1 + speed * HEADINGS + turned(each) % HEADINGS for each in range(HEADINGS)]
    return np.array(ways)


def _moves(
    cells: int, size_m: float, by_m: float, spread_m: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where people of each cell go freely, and where they come who turn at a wall: [to, from]."""
    centres = (np.arange(cells) + 0.5) * size_m
    edges = np.arange(-cells, 2 * cells + 1) * size_m
    score = (edges[:, None] - centres[None] - by_m) / (spread_m * math.sqrt(2.0))
    below = 0.5 + 0.5 * np.vectorize(math.erf, otypes=[float])(score)
    low, within, high = np.split(np.diff(below, axis=0), 3)
    turned = low[::-1] + high[::-1]
    whole = (within + turned).sum(axis=0)
    return within / whole, turned / whole


def _changes(tick_s: float) -> NDArray[np.float64]:
    """Return the chances of one tick from rates, as the limit of many small steps: (1 + Q·t/2ⁿ)^2ⁿ."""
    speeds = len(SPEEDS_M_S)
    count = 1 + speeds * HEADINGS
    rates = np.zeros((count, count))
    weights = np.ones(HEADINGS - 1)
    weights[[0, -1]] = NEXT_TURN
    weights /= weights.sum() * TURN_S
    for way in range(1, count):
        speed, heading = divmod(way - 1, HEADINGS)
        for turn, rate in enumerate(weights, start=1):
            rates[way, 1 + speed * HEADINGS + (heading + turn) % HEADINGS] = rate
        for other in range(speeds):
            if abs(other - speed) == 1:
                rates[way, 1 + other * HEADINGS + heading] = 1 / CHANGE_S
        rates[way, 0] = 1 / CHANGE_S
    rates[0, 1:] = 1 / STAND_S / (count - 1)
    rates -= np.diag(rates.sum(axis=1))
    halvings = 20
    return np.linalg.matrix_power(np.eye(count) + rates * tick_s / 2**halvings, 2**halvings)
