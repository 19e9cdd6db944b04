from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopbell_server.core.zones.side_blind import (
    believed,
    contrast_db,
    inside_by_contrast,
    no_belief,
)

SIDES = np.array([False, False, True])


def after(contrasts: list[float], tick_s: float = 0.3) -> float:
    belief = no_belief(1)
    for contrast in contrasts:
        belief = believed(belief, tick_s, np.array([contrast]))
    return float(inside_by_contrast(belief)[0])


def test_the_contrast_is_between_the_strongest_of_each_side() -> None:
    assert contrast_db(np.array([[-70.0, -60.0, -75.0]]), SIDES).tolist() == [15.0]


def test_there_is_no_contrast_while_one_side_is_down() -> None:
    assert np.isnan(contrast_db(np.array([[-70.0, -60.0, np.nan]]), SIDES)).all()
    assert np.isnan(contrast_db(np.array([[np.nan, np.nan, -60.0]]), SIDES)).all()


def test_before_anything_was_heard_either_side_is_alike() -> None:
    assert inside_by_contrast(no_belief(3)) == pytest.approx([0.5] * 3)


@settings(max_examples=30)
@given(db=st.floats(8.0, 30.0))
def test_a_clear_contrast_is_believed_at_once(db: float) -> None:
    assert after([-db] * 3) > 0.8
    assert after([db] * 3) < 0.2


@settings(max_examples=25)
@given(contrasts=st.lists(st.floats(-60.0, 60.0), max_size=30))
def test_the_sides_are_treated_alike(contrasts: list[float]) -> None:
    assert after(contrasts) == pytest.approx(1 - after([-one for one in contrasts]), abs=1e-6)


@pytest.mark.parametrize("crossing_db", [-10.0, -5.0, 0.0, 5.0, 10.0])
def test_where_a_carrier_crosses_is_learnt_from_its_own_coming_and_going(
    crossing_db: float,
) -> None:
    lived = ([crossing_db - 8.0] * 60 + [crossing_db + 8.0] * 60) * 2
    assert after([*lived, *[crossing_db - 8.0] * 10]) > 0.7
    assert after([*lived, *[crossing_db - 8.0] * 60, *[crossing_db + 8.0] * 10]) < 0.3


def test_silence_only_lets_belief_fade() -> None:
    sure = after([-20.0] * 20)
    assert after([-20.0] * 20 + [np.nan] * 10) == pytest.approx(sure, abs=0.1)
    assert after([-20.0] * 20 + [np.nan] * 1000) == pytest.approx(0.5, abs=0.05)


@settings(max_examples=30)
@given(
    contrasts=st.lists(st.one_of(st.floats(-120.0, 120.0), st.just(np.nan)), max_size=30),
    tick_s=st.floats(0.0, 1e6),
)
def test_a_belief_is_always_a_probability(contrasts: list[float], tick_s: float) -> None:
    assert 0.0 <= after(contrasts, tick_s) <= 1.0


def test_devices_do_not_hear_each_other() -> None:
    together = believed(no_belief(2), 0.3, np.array([-20.0, 20.0]))
    alone = believed(no_belief(1), 0.3, np.array([20.0]))
    assert inside_by_contrast(together)[1] == pytest.approx(inside_by_contrast(alone)[0])
