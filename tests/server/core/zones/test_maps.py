from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.zones.grid import distances_m
from shopbell_server.core.zones.radio_map import (
    HALL,
    SHADOWING_DB2,
    SURVEYED,
    UNSURVEYED,
    RadioMap,
    falling_db,
    unsurveyed_map,
)
from shopbell_server.core.zones.survey_map import FLOOR_DBM, Survey, surveyed_map
from tests.server.core.zones.small_floor import CORNERS, floor, grid

RECEIVERS = len(CORNERS)
POINTS = np.array([[x, y] for x in (1.0, 3.0, 5.0, 7.0) for y in (1.0, 3.0, 5.0)])


def survey(offset_db: float = 0.0) -> Survey:
    """Return a survey of a floor where strength falls with distance, and by a shadow at the right."""
    mean = -59.0 + 2.0 * falling_db(distances_m(floor(), POINTS, 1.5)).T + offset_db
    mean = mean - 8.0 * (POINTS[:, :1] > 4)
    return Survey(
        points_m=POINTS,
        height_m=1.5,
        mean_dbm=mean,
        heard_share=np.full(mean.shape, 0.85),
    )


def test_without_a_survey_the_nearest_receiver_is_the_strongest() -> None:
    radio = unsurveyed_map(floor(), grid())
    near = distances_m(floor(), grid().centres_m, 1.5).argmin(axis=0)
    assert (radio.mean_dbm.argmax(axis=0) == near).all()
    assert (radio.variance_db2 == SHADOWING_DB2).all()
    assert radio.doubt is UNSURVEYED


def test_a_louder_device_is_louder_everywhere() -> None:
    usual = unsurveyed_map(floor(), grid())
    loud = unsurveyed_map(floor(), grid(), replace(HALL, at_1_m_dbm=-50.0))
    assert np.allclose(loud.mean_dbm - usual.mean_dbm, 11.0)


def test_a_survey_shows_what_distance_does_not() -> None:
    blind, seen = unsurveyed_map(floor(), grid()), surveyed_map(floor(), grid(), survey())
    right = grid().centres_m[:, 0] > 5
    assert (seen.mean_dbm - blind.mean_dbm)[:, right].mean() < -3
    assert abs((seen.mean_dbm - blind.mean_dbm)[:, grid().centres_m[:, 0] < 3].mean()) < 3
    assert seen.doubt is SURVEYED


def test_a_survey_is_surest_where_it_was() -> None:
    seen = surveyed_map(floor(), grid(), survey())
    far = np.sqrt(np.square(grid().centres_m[:, None] - POINTS[None]).sum(axis=2)).min(axis=1)
    variance = seen.variance_db2.mean(axis=0)
    assert variance[far < 0.5].mean() < variance[far > 1.0].mean()


@given(order=st.permutations(range(len(POINTS))), offset_db=st.floats(-10, 10))
def test_the_order_of_points_changes_nothing(order: list[int], offset_db: float) -> None:
    one = survey(offset_db)
    other = Survey(
        points_m=one.points_m[order],
        height_m=one.height_m,
        mean_dbm=one.mean_dbm[order],
        heard_share=one.heard_share[order],
    )
    first, second = (surveyed_map(floor(), grid(), each) for each in (one, other))
    assert np.allclose(first.mean_dbm, second.mean_dbm)
    assert np.allclose(first.variance_db2, second.variance_db2)


def test_a_receiver_that_the_survey_never_heard_keeps_the_map_of_distance() -> None:
    dead = survey()
    dead.mean_dbm[:, 2] = np.nan
    dead.heard_share[:, 2] = np.nan
    seen = surveyed_map(floor(), grid(), dead)
    assert np.array_equal(seen.mean_dbm[2], unsurveyed_map(floor(), grid()).mean_dbm[2])


def test_a_point_that_was_hardly_heard_is_at_the_floor_of_hearing() -> None:
    quiet = survey()
    quiet.heard_share[-1, 0] = 0.02
    seen = surveyed_map(floor(), grid(), quiet)
    last = np.square(grid().centres_m - POINTS[-1]).sum(axis=1).argmin()
    lower = surveyed_map(floor(), grid(), survey()).mean_dbm[0, last] - seen.mean_dbm[0, last]
    assert lower > 3
    assert seen.mean_dbm[0, last] > FLOOR_DBM


def test_a_survey_of_other_receivers_is_refused() -> None:
    one = survey()
    fewer = Survey(
        points_m=one.points_m,
        height_m=1.5,
        mean_dbm=one.mean_dbm[:, :3],
        heard_share=one.heard_share[:, :3],
    )
    with pytest.raises(ValueError, match="the survey has 3 receivers, the floor 5"):
        surveyed_map(floor(), grid(), fewer)


def test_a_survey_that_does_not_fit_together_is_refused() -> None:
    one = survey()
    for points, share in ((one.points_m[:2], one.heard_share), (one.points_m, one.heard_share[:2])):
        with pytest.raises(ValueError, match="one row per point"):
            Survey(points_m=points, height_m=1, mean_dbm=one.mean_dbm, heard_share=share)
    with pytest.raises(ValueError, match="at least one"):
        Survey(
            points_m=np.zeros((0, 2)),
            height_m=1,
            mean_dbm=np.zeros((0, 5)),
            heard_share=np.zeros((0, 5)),
        )


def test_a_map_that_does_not_fit_together_is_refused() -> None:
    good = unsurveyed_map(floor(), grid())
    with pytest.raises(ValueError, match="all three"):
        replace(good, variance_db2=good.variance_db2[:, 1:])
    with pytest.raises(ValueError, match="all three"):
        replace(good, slope_basis_db=good.slope_basis_db[:, 1:])
    with pytest.raises(ValueError, match="finite"):
        RadioMap(
            mean_dbm=np.full((1, 1), np.nan),
            variance_db2=np.zeros((1, 1)),
            slope_basis_db=np.zeros((1, 1)),
            doubt=SURVEYED,
        )
    with pytest.raises(ValueError, match="not negative"):
        replace(good, variance_db2=-good.variance_db2)
