from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopbell_server.core.zones.likelihood import LONGEST_S
from shopbell_server.core.zones.position_filter import (
    Beliefs,
    arrived,
    by_cell,
    by_zone,
    engine_of,
    joined,
    kept,
    middle_m,
    stepped,
)
from shopbell_server.core.zones.radio_map import unsurveyed_map
from shopbell_server.core.zones.survey_map import Survey, surveyed_map
from tests.server.core.zones.small_floor import (
    ALL_HEAR,
    CORNERS,
    engine,
    floor,
    grid,
    heard_at,
    standing,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENGINE = engine()
RECEIVERS = len(CORNERS)

readings = st.one_of(st.just(np.nan), st.floats(-110, 130))
ticks = st.lists(
    st.lists(st.lists(readings, min_size=RECEIVERS, max_size=RECEIVERS), min_size=3, max_size=3),
    min_size=1,
    max_size=3,
).map(np.array)
"""[ticks, 3 devices, receivers]"""

hearing = st.lists(st.booleans(), min_size=RECEIVERS, max_size=RECEIVERS).map(np.array)


def _played(rssi_dbm: NDArray[np.float64], hears: NDArray[np.bool_]) -> Beliefs:
    beliefs = arrived(ENGINE, rssi_dbm.shape[1])
    for heard in rssi_dbm:
        beliefs = stepped(ENGINE, beliefs, heard, hears)
    return beliefs


def _same(one: Beliefs, other: Beliefs) -> bool:
    return (
        np.allclose(one.places, other.places)
        and np.allclose(one.lessons.weight, other.lessons.weight)
        and np.allclose(one.lessons.pull, other.lessons.pull)
        and np.array_equal(one.silent_s, other.silent_s)
    )


@given(rssi_dbm=ticks, hears=hearing)
def test_whatever_is_heard_each_device_is_somewhere(
    rssi_dbm: NDArray[np.float64], hears: NDArray[np.bool_]
) -> None:
    beliefs = _played(rssi_dbm, hears)
    zones = by_zone(ENGINE, by_cell(beliefs))
    assert (beliefs.places >= 0).all()
    assert np.allclose(zones.sum(axis=1), 1.0)
    middle = middle_m(ENGINE, by_cell(beliefs))
    assert ((middle >= 0) & (middle <= [8, 6])).all()


@given(rssi_dbm=ticks, hears=hearing)
def test_many_devices_at_once_are_each_one_alone(
    rssi_dbm: NDArray[np.float64], hears: NDArray[np.bool_]
) -> None:
    together = _played(rssi_dbm, hears)
    for device in range(3):
        alone = _played(rssi_dbm[:, [device]], hears)
        assert _same(kept(together, np.array([device])), alone)


@given(rssi_dbm=ticks, order=st.permutations(range(RECEIVERS)))
def test_the_order_of_receivers_changes_nothing(
    rssi_dbm: NDArray[np.float64], order: list[int]
) -> None:
    other = engine(tuple(order))
    first, second = arrived(ENGINE, 3), arrived(other, 3)
    for heard in rssi_dbm:
        first = stepped(ENGINE, first, heard, ALL_HEAR)
        second = stepped(other, second, heard[:, order], ALL_HEAR)
    assert np.allclose(first.places, second.places)
    assert np.allclose(first.lessons.pull[:, order], second.lessons.pull)


@given(rssi_dbm=ticks)
def test_a_receiver_that_is_dead_is_as_one_that_does_not_exist(
    rssi_dbm: NDArray[np.float64],
) -> None:
    dead = rssi_dbm.copy()
    dead[:, :, 4] = np.nan
    hears = np.array([True, True, True, True, False])
    fewer = engine((0, 1, 2, 3))
    beliefs = arrived(fewer, 3)
    for heard in dead:
        beliefs = stepped(fewer, beliefs, heard[:, :4], ALL_HEAR[:4])
    assert np.allclose(_played(dead, hears).places, beliefs.places)


@given(rssi_dbm=ticks, order=st.permutations(range(3)))
def test_the_order_of_devices_changes_nothing(
    rssi_dbm: NDArray[np.float64], order: list[int]
) -> None:
    turned = _played(rssi_dbm[:, order], ALL_HEAR)
    assert _same(turned, kept(_played(rssi_dbm, ALL_HEAR), np.array(order)))


@pytest.mark.parametrize("dead", range(RECEIVERS))
def test_a_receiver_that_dies_on_the_way_loses_nobody(dead: int) -> None:
    beliefs, hears = standing(2.0, 2.0, 20), ALL_HEAR.copy()
    heard = heard_at(6.0, 4.0)[None]
    heard[0, dead] = np.nan
    for tick in range(60):
        hears[dead] = tick < 20  # as long as nobody knows that it is dead
        beliefs = stepped(ENGINE, beliefs, heard, hears)
        assert np.isfinite(beliefs.places).all()
    assert np.hypot(*(middle_m(ENGINE, by_cell(beliefs))[0] - [6.0, 4.0])) < 1.5


@settings(max_examples=20)
@given(
    rssi_dbm=ticks,
    level_db=st.floats(-15, 15),
    unheard=st.lists(st.booleans(), min_size=RECEIVERS, max_size=RECEIVERS),
)
def test_on_a_survey_with_holes_each_device_is_somewhere_too(
    rssi_dbm: NDArray[np.float64], level_db: float, unheard: list[bool]
) -> None:
    points = np.array([[1.0, 1.0], [4.0, 3.0], [7.0, 5.0]])
    levels = np.array([heard_at(x, y) for x, y in points]) + level_db
    survey = Survey(
        points_m=points,
        height_m=1.5,
        mean_dbm=np.where(unheard, np.nan, levels),
        heard_share=np.where(unheard, 0.0, np.full(levels.shape, 0.9)),
    )
    surveyed = engine_of(floor(), grid(), surveyed_map(floor(), grid(), survey))
    beliefs = arrived(surveyed, 3)
    for heard in rssi_dbm:
        beliefs = stepped(surveyed, beliefs, heard, ALL_HEAR)
    assert np.allclose(by_cell(beliefs).sum(axis=1), 1.0)
    assert np.isfinite(middle_m(surveyed, by_cell(beliefs))).all()


@given(rssi_dbm=ticks)
def test_beliefs_are_values(rssi_dbm: NDArray[np.float64]) -> None:
    before = _played(rssi_dbm, ALL_HEAR)
    copy = kept(before, np.arange(3))
    stepped(ENGINE, before, rssi_dbm[0], ALL_HEAR)
    assert _same(before, copy)


def test_devices_come_and_go_without_touching_the_others() -> None:
    one, two = standing(1, 1, 3), standing(7, 5, 3)
    both = joined(one, two)
    assert _same(kept(both, np.array([False, True])), two)
    assert _same(joined(kept(both, np.array([1])), one), joined(two, one))


@pytest.mark.parametrize(("x", "y", "zone"), [(1.5, 3.0, 0), (6.5, 2.0, 1), (7.5, 5.5, 1)])
def test_a_device_is_found_where_it_stands(x: float, y: float, zone: int) -> None:
    cells = by_cell(standing(x, y, 20))
    assert np.hypot(*(middle_m(ENGINE, cells)[0] - [x, y])) < 1.0
    assert by_zone(ENGINE, cells)[0, zone] > 0.9


def test_hearing_nothing_makes_less_sure_and_teaches_nothing() -> None:
    sure = standing(1.5, 3.0, 20)
    silence = np.full((1, RECEIVERS), np.nan)
    unsure = sure
    for _ in range(60):
        unsure = stepped(ENGINE, unsure, silence, ALL_HEAR)
    assert by_cell(unsure).max() < by_cell(sure).max()
    assert np.array_equal(unsure.lessons.weight, sure.lessons.weight)
    assert (unsure.silent_s == LONGEST_S).all()


def test_silence_of_one_receiver_counts_only_if_it_listens() -> None:
    heard = heard_at(1.0, 1.0)[None]
    heard[0, 2:] = np.nan
    deaf = np.array([True, True, False, False, False])
    both = [stepped(ENGINE, arrived(ENGINE, 1), heard, each) for each in (ALL_HEAR, deaf)]
    assert not np.allclose(both[0].places, both[1].places)


def test_a_map_of_another_floor_is_refused() -> None:
    radio = unsurveyed_map(floor(), grid())
    with pytest.raises(ValueError, match="make the map from this floor and grid"):
        engine_of(replace(floor(), receivers=floor().receivers[:2]), grid(), radio)
