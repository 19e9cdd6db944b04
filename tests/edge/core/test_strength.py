from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.strength import loss_of, median

losses = st.lists(st.integers(-90, 136).map(float), min_size=1, max_size=64)


def test_the_median_of_few() -> None:
    assert median([3.0]) == 3.0
    assert median([5.0, 3.0]) == 4.0
    assert median([9.0, 3.0, 5.0]) == 5.0


def test_an_outlier_is_left_out() -> None:
    loss_db = loss_of([14.0, 15.0, 16.0, 15.0, 14.0, 80.0])
    assert loss_db.median == 15.0
    assert loss_db.last == 80.0


def test_an_outlier_is_more_than_one_and_a_half_quartile_distances_out() -> None:
    five = [10.0, 12.0, 14.0, 16.0, 18.0]
    assert loss_of([*five, 25.0]).median == 15.0
    assert loss_of([*five, 25.1]).median == 14.0


def test_three_values_have_no_outliers() -> None:
    assert loss_of([10.0, 11.0, 90.0]).median == 11.0


def test_the_tenth_percentile_is_at_the_near_end() -> None:
    loss_db = loss_of([float(n) for n in range(11)])
    assert (loss_db.median, loss_db.p10, loss_db.last) == (5.0, 1.0, 10.0)


@given(losses, st.randoms(use_true_random=False))
def test_only_the_last_depends_on_the_order(values: list[float], random: object) -> None:
    shuffled = sorted(values, key=lambda _value: random.random())  # type: ignore[attr-defined]
    one, other = loss_of(values), loss_of(shuffled)
    assert (one.median, one.p10) == (other.median, other.p10)
    assert median(values) == median(shuffled)


@given(losses)
def test_strength_lies_within_what_was_heard(values: list[float]) -> None:
    loss_db = loss_of(values)
    assert min(values) <= loss_db.p10 <= loss_db.median <= max(values)
    assert loss_db.last == values[-1]
