from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopbell_server.core.zones.side_features import side_features
from shopbell_server.core.zones.side_levels import SPANS_S
from shopbell_server.core.zones.side_model import LIKE, fit_of, inside_by_survey
from shopbell_server.core.zones.side_training import learned_sides
from tests.server.core.zones.doorways import INSIDE, RECEIVERS, recording

MODEL = learned_sides([recording(1)], INSIDE)
CARRIER = MODEL.carriers[0]
INNER = np.where(INSIDE, -60.0, -72.0)
OUTER = np.where(INSIDE, -72.0, -60.0)


def log_odds(dbm: np.ndarray) -> float:
    steady = np.broadcast_to(dbm, (len(SPANS_S), 1, RECEIVERS))
    return float(inside_by_survey(CARRIER, side_features(steady, INSIDE, MODEL.usual_dbm))[0])


def test_the_survey_knows_its_sides() -> None:
    assert log_odds(INNER) > 1
    assert log_odds(OUTER) < -1


@pytest.mark.parametrize("down", range(RECEIVERS))
def test_the_survey_knows_its_sides_with_any_one_receiver_down(down: int) -> None:
    gone = np.where(np.arange(RECEIVERS) == down, np.nan, 0.0)
    assert log_odds(INNER + gone) > 0.5
    assert log_odds(OUTER + gone) < -0.5


def test_with_all_receivers_down_no_more_is_known_than_how_often_each_side_was_surveyed() -> None:
    nothing = np.full(RECEIVERS, np.nan)
    assert abs(log_odds(nothing)) < 2
    fit = fit_of([CARRIER], nothing[None])
    assert fit.trust.tolist() == [[0.0]]
    assert fit.likeness.tolist() == [[0.0]]


@given(more_db=st.floats(-8.0, 8.0))
def test_likeness_proves_little(more_db: float) -> None:
    trust = fit_of([CARRIER], np.stack([INNER, OUTER]) + more_db).trust
    assert np.all((trust > 0) & (trust <= -np.log(LIKE)))


def test_unlikeness_proves_much() -> None:
    strange = np.where(np.arange(RECEIVERS) % 2 == 0, -40.0, -95.0)
    assert fit_of([CARRIER], strange[None]).trust[0, 0] < -3


@settings(max_examples=30)
@given(known=st.lists(st.booleans(), min_size=2 * RECEIVERS, max_size=2 * RECEIVERS))
def test_each_device_is_judged_by_the_receivers_that_can_hear_it(known: list[bool]) -> None:
    dbm = np.where(np.reshape(known, (2, RECEIVERS)), np.stack([INNER, OUTER]), np.nan)
    together = fit_of([CARRIER, CARRIER], dbm)
    alone = fit_of([CARRIER], dbm[1:])
    assert together.trust[1] == pytest.approx([alone.trust[0, 0]] * 2)
    assert together.likeness[1] == pytest.approx([alone.likeness[0, 0]] * 2)
