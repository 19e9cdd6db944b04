from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.minute import BIN_MS, BINS, QUIET, Minute, bars


def test_sightings_of_two_seconds_are_one_bar() -> None:
    minute = Minute()
    minute.add(100_000, 20.0)
    minute.add(101_999, 30.0)
    minute.add(102_000, 40.0)
    assert minute.losses_db(102_000)[-3:] == [None, 25.0, 40.0]


def test_after_a_minute_nothing_is_left_of_it() -> None:
    minute = Minute()
    minute.add(0, 20.0)
    assert minute.losses_db((BINS - 1) * BIN_MS)[0] == 20.0
    assert minute.losses_db(BINS * BIN_MS) == [None] * BINS


def test_the_rate_is_that_of_ten_seconds() -> None:
    minute = Minute()
    for at in range(0, 20_000, 500):
        minute.add(at, 20.0)
    assert minute.rate(20_000, 0) == 2.0
    assert minute.rate(100_000, 0) == 0.0


def test_the_rate_of_what_has_just_come_is_not_watered_down() -> None:
    minute = Minute()
    for at in (99_000, 99_500, 100_000, 100_500):
        minute.add(at, 20.0)
    assert minute.rate(101_000, 99_000) == 2.0


def test_near_is_high_and_silence_is_a_dot() -> None:
    assert bars([None, 8.0, 25.0, 42.0], 8.0, 42.0) == f"{QUIET}█▅▁"


@given(
    heard=st.lists(st.tuples(st.integers(0, 10_000), st.floats(-200, 200)), max_size=200),
    near_db=st.floats(-50, 50),
    width_db=st.floats(1, 100),
)
def test_there_is_a_bar_for_every_two_seconds_whatever_was_heard(
    heard: list[tuple[int, float]], near_db: float, width_db: float
) -> None:
    minute, now = Minute(), 0
    for later, loss in heard:
        now += later
        minute.add(now, loss)
    assert len(bars(minute.losses_db(now), near_db, near_db + width_db)) == BINS
    assert minute.rate(now, 0) >= 0
