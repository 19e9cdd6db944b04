from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.zones.calibration import Lessons, learnt, no_lessons, picked, taught
from shopbell_server.core.zones.radio_map import UNSURVEYED

BASIS = np.array([-2.0, 0.0, 1.0])


def _teach(lessons: Lessons, receiver: int, off_db: float, times: int) -> None:
    for _ in range(times):
        taught(lessons, receiver, np.full((1, 3), off_db), BASIS, np.full((1, 3), 0.05))


def test_without_lessons_there_is_doubt_around_nothing() -> None:
    known = learnt(no_lessons(2, 3), UNSURVEYED)
    assert (known.mean == 0).all()
    whole = UNSURVEYED.shared_db**2 + UNSURVEYED.own_db**2
    assert np.allclose(known.covariance[:, :, 0, 0], whole)


def test_a_receiver_that_hears_too_well_is_found_out() -> None:
    lessons = no_lessons(1, 3)
    _teach(lessons, 1, 5.0, 100)
    known = learnt(lessons, UNSURVEYED)
    assert 3.0 < known.mean[0, 1, 0] < 5.0
    assert known.covariance[0, 1, 0, 0] < 1.0
    assert 0 < known.mean[0, 0, 0] < known.mean[0, 1, 0]  # the others are believed to share it


def test_the_level_of_a_device_is_what_its_receivers_share() -> None:
    lessons = no_lessons(2, 3)
    for receiver in range(3):
        _teach(lessons, receiver, -8.0, 100)
    known = learnt(lessons, UNSURVEYED)
    assert np.allclose(known.level_db, known.mean[:, :, 0].mean(axis=1), atol=1.0)
    assert (known.level_sd_db < UNSURVEYED.shared_db / 2).all()
    assert (known.follows[..., 0] < 0.2).all()  # by then each is known by itself
    fresh = learnt(no_lessons(2, 3), UNSURVEYED)
    assert (fresh.level_db == 0).all()
    assert np.allclose(fresh.level_sd_db, UNSURVEYED.shared_db)
    assert np.allclose(fresh.follows, [1.0, 0.0])


def test_what_is_picked_is_of_these_devices_in_this_order() -> None:
    lessons = no_lessons(3, 2)
    taught(lessons, 0, np.array([[1.0], [2.0], [3.0]]), BASIS[:1], np.full((3, 1), 0.5))
    known = learnt(lessons, UNSURVEYED)
    some = picked(known, np.array([2, 0, 0]))
    for name in ("mean", "covariance", "level_db", "level_sd_db", "follows"):
        assert np.array_equal(getattr(some, name), getattr(known, name)[[2, 0, 0]])


def test_a_slope_is_learnt_too() -> None:
    lessons = no_lessons(1, 2)
    for _ in range(200):
        taught(lessons, 0, 0.3 * BASIS[None], BASIS, np.full((1, 3), 0.1))
    assert 0.1 < learnt(lessons, UNSURVEYED).mean[0, 0, 1] < 0.3


@given(
    lines=st.lists(st.tuples(st.integers(0, 2), st.floats(-9, 9)), max_size=8), seed=st.randoms()
)
def test_lessons_in_any_order_teach_the_same(
    lines: list[tuple[int, float]], seed: np.random.Generator
) -> None:
    one, other = no_lessons(1, 3), no_lessons(1, 3)
    for receiver, off_db in lines:
        _teach(one, receiver, off_db, 1)
    seed.shuffle(lines)
    for receiver, off_db in lines:
        _teach(other, receiver, off_db, 1)
    assert np.allclose(learnt(one, UNSURVEYED).mean, learnt(other, UNSURVEYED).mean)


@given(off_db=st.floats(-9, 9))
def test_it_is_the_regression_that_one_would_write_down(off_db: float) -> None:
    lessons = no_lessons(1, 3)
    _teach(lessons, 0, off_db, 4)
    _teach(lessons, 2, 1.0, 2)
    shared = np.diag([UNSURVEYED.shared_db**2, UNSURVEYED.shared_slope**2])
    own = np.diag([UNSURVEYED.own_db**2, UNSURVEYED.own_slope**2])
    prior = np.kron(np.ones((3, 3)), shared) + np.kron(np.eye(3), own)
    weight = np.zeros((6, 6))
    for each in range(3):
        weight[2 * each : 2 * each + 2, 2 * each : 2 * each + 2] = lessons.weight[0, each]
    after = np.linalg.inv(np.linalg.inv(prior) + weight)
    known = learnt(lessons, UNSURVEYED)
    assert np.allclose(known.mean[0].ravel(), after @ lessons.pull[0].ravel())
    for each in range(3):
        block = after[2 * each : 2 * each + 2, 2 * each : 2 * each + 2]
        assert np.allclose(known.covariance[0, each], block)
