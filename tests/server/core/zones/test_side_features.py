from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.zones.side_features import power_contrast_db, side_features
from tests.server.core.zones.doorways import INSIDE, RECEIVERS

USUAL = np.linspace(-80.0, -60.0, RECEIVERS)
DBM = np.random.default_rng(1).uniform(-90.0, -40.0, (3, 4, RECEIVERS))


@given(more_db=st.floats(-20.0, 20.0))
def test_a_phone_that_sends_more_has_the_same_features(more_db: float) -> None:
    before = side_features(DBM, INSIDE, USUAL)
    assert side_features(DBM + more_db, INSIDE, USUAL) == pytest.approx(before, abs=1e-6)


def test_there_is_one_feature_for_each_level_and_two_for_each_span() -> None:
    assert side_features(DBM, INSIDE, USUAL).shape == (4, 3 * RECEIVERS + 6)


def test_a_receiver_that_is_down_is_unknown_and_leaves_the_others_known() -> None:
    down = DBM.copy()
    down[:, :, 0] = np.nan
    unknown = np.isnan(side_features(down, INSIDE, USUAL))
    assert unknown.sum(axis=1).tolist() == [3] * 4


def test_without_any_receiver_everything_is_unknown() -> None:
    assert np.isnan(side_features(np.full_like(DBM, np.nan), INSIDE, USUAL)).all()


def test_power_is_averaged_in_milliwatts() -> None:
    dbm = np.array([[-60.0, -300.0, -60.0, -60.0, -60.0]])
    assert power_contrast_db(dbm, INSIDE) == pytest.approx([-10 * np.log10(2)])
