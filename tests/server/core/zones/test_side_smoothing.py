from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.zones.side_smoothing import smoothed


def by_hand(log_odds: list[float], elapsed_s: list[float], stay_s: float) -> list[float]:
    """Every path of sides, weighed."""
    total = 0.0
    inside = np.zeros(len(log_odds))
    for path in itertools.product((0, 1), repeat=len(log_odds)):
        weight = 0.5
        for at, side in enumerate(path):
            swap = (1 - np.exp(-2 * elapsed_s[at] / stay_s)) / 2
            if at:
                weight *= swap if side != path[at - 1] else 1 - swap
            weight *= np.exp(log_odds[at] / 2 * (1 if side else -1))
        total += weight
        inside += weight * np.array(path)
    return list(inside / total)


@given(
    moments=st.lists(st.tuples(st.floats(-6.0, 6.0), st.floats(0.1, 30.0)), min_size=1, max_size=7)
)
def test_it_weighs_every_path(moments: list[tuple[float, float]]) -> None:
    log_odds = [odds for odds, _ in moments]
    elapsed_s = [elapsed for _, elapsed in moments]
    got = smoothed(np.array(log_odds)[:, None], np.array(elapsed_s), 10.0)[:, 0]
    assert got == pytest.approx(by_hand(log_odds, elapsed_s, 10.0), abs=1e-6)


def test_no_moment_is_no_answer() -> None:
    assert smoothed(np.empty((0, 2)), np.empty(0), 10.0).shape == (0, 2)


def test_what_came_later_corrects_what_was_thought() -> None:
    got = smoothed(np.array([[3.0], [-0.5], [3.0]]), np.full(3, 1.0), 30.0)
    assert np.all(got > 0.9)
