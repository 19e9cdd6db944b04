from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.zones.walking import walked, walked_back, walking
from tests.server.core.zones.small_floor import grid

GRID = grid()
seeds = st.integers(0, 2**32 - 1)


def _somewhere(seed: int, devices: int = 2) -> np.ndarray:
    ways = len(walking(GRID, 0.5).change)
    drawn = np.random.default_rng(seed).random((devices, ways, GRID.nx, GRID.ny))
    drawn /= drawn.sum(axis=(1, 2, 3), keepdims=True)
    return drawn


@given(seed=seeds, tick_s=st.sampled_from([0.1, 0.5, 2.0]))
def test_nobody_is_lost_by_walking(seed: int, tick_s: float) -> None:
    later = walked(_somewhere(seed), walking(GRID, tick_s))
    assert (later >= 0).all()
    assert np.allclose(later.sum(axis=(1, 2, 3)), 1.0)


@given(one=seeds, other=seeds)
def test_looking_back_is_walking_transposed(one: int, other: int) -> None:
    moves = walking(GRID, 0.5)
    belief, message = _somewhere(one), _somewhere(other)
    assert np.isclose(
        (walked(belief, moves) * message).sum(), (belief * walked_back(message, moves)).sum()
    )


def test_who_may_be_anywhere_still_may_be_anywhere() -> None:
    moves = walking(GRID, 0.5)
    anywhere = np.full((1, len(moves.change), GRID.nx, GRID.ny), 1.0 / GRID.cells)
    later = anywhere
    for _ in range(20):
        later = walked(later, moves)
    cells = later.sum(axis=1)
    assert cells.max() / cells.min() < 1.2


def test_who_meets_a_wall_comes_back() -> None:
    moves = walking(GRID, 0.5)
    belief = np.zeros((1, len(moves.change), GRID.nx, GRID.ny))
    belief[0, 1, -1, 6] = 1.0
    for _ in range(8):
        belief = walked(belief, moves)
    assert belief[0, 1].sum() < belief[0, 5].sum()


def test_who_walks_to_the_right_comes_to_the_right() -> None:
    moves = walking(GRID, 0.5)
    belief = np.zeros((1, len(moves.change), GRID.nx, GRID.ny))
    belief[0, 1, 2, 6] = 1.0  # the first heading of the slower speed: along x
    for _ in range(8):
        belief = walked(belief, moves)
    x = (belief.sum(axis=1).reshape(1, -1) @ GRID.centres_m)[0, 0]
    assert 1.25 + 1.0 < x < 1.25 + 2.0


def test_a_tick_takes_time() -> None:
    with pytest.raises(ValueError, match="a tick of 0 s"):
        walking(GRID, 0.0)
