from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.zones.side_levels import (
    FLOOR_DBM,
    SILENT_S,
    SPANS_S,
    heard,
    known_dbm,
    no_levels,
)

BOTH = np.ones(2, dtype=bool)


def test_the_first_advert_is_the_level() -> None:
    levels = heard(no_levels(1, 2), 5.0, np.array([[-60.0, np.nan]]))
    assert known_dbm(levels, BOTH)[:, 0, 0].tolist() == [-60.0] * len(SPANS_S)


def test_a_receiver_that_works_and_hears_nothing_hears_the_floor() -> None:
    levels = heard(no_levels(1, 2), 5.0, np.array([[-60.0, np.nan]]))
    assert known_dbm(levels, BOTH)[:, 0, 1].tolist() == [FLOOR_DBM] * len(SPANS_S)


def test_a_receiver_that_is_down_says_nothing() -> None:
    levels = heard(no_levels(1, 2), 5.0, np.array([[-60.0, -70.0]]))
    known = known_dbm(levels, np.array([True, False]))
    assert np.isnan(known[:, 0, 1]).all()
    assert not np.isnan(known[:, 0, 0]).any()


def test_a_level_falls_to_the_floor_when_others_hear_the_device_and_it_does_not() -> None:
    levels = heard(no_levels(1, 2), 0.0, np.array([[-60.0, -70.0]]))
    still = heard(levels, SILENT_S, np.array([[-60.0, np.nan]]))
    gone = heard(levels, SILENT_S + 0.1, np.array([[-60.0, np.nan]]))
    assert known_dbm(still, BOTH)[0, 0, 1] == -70.0
    assert known_dbm(gone, BOTH)[0, 0, 1] == FLOOR_DBM


def test_a_short_span_follows_faster_than_a_long_one() -> None:
    levels = heard(no_levels(1, 1), 0.0, np.array([[-80.0]]))
    levels = heard(levels, 0.5, np.array([[-60.0]]))
    assert np.all(np.diff(levels.dbm[:, 0, 0]) < 0)


def test_time_does_not_go_back() -> None:
    levels = heard(no_levels(1, 1), 2.0, np.array([[-80.0]]))
    with pytest.raises(ValueError, match=r"2\.0 s; 1\.0 s is before it"):
        heard(levels, 1.0, np.array([[-80.0]]))


@given(
    rssi=st.lists(st.one_of(st.none(), st.integers(-94, -30)), min_size=1, max_size=30),
    tick_s=st.floats(0.01, 5.0),
)
def test_levels_stay_between_the_weakest_and_the_strongest_that_was_heard(
    rssi: list[int | None], tick_s: float
) -> None:
    levels = no_levels(1, 1)
    for tick, dbm in enumerate(rssi):
        levels = heard(levels, tick * tick_s, np.array([[np.nan if dbm is None else dbm]]))
    said = [dbm for dbm in rssi if dbm is not None]
    if said:
        assert np.all(levels.dbm >= min(said) - 1e-9)
        assert np.all(levels.dbm <= max(said) + 1e-9)
    else:
        assert np.isnan(levels.dbm).all()
    known = known_dbm(levels, np.ones(1, dtype=bool))
    assert np.all((known >= FLOOR_DBM) & (known <= -30))
