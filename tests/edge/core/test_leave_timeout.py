from __future__ import annotations

from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.leave_timeout import (
    HEARD_OF_SENT,
    MISSED,
    SAFETY,
    SCAN_MS,
    hearing_time_ms,
    longest_gap_ms,
    too_short,
)


@pytest.mark.parametrize(
    ("interval_ms", "duty", "expected_s"),
    [(1000, 0.5, 21), (1000, 1.0, 8), (1000, 0.094, 135), (100, 0.094, 14), (5000, 1.0, 38)],
)
def test_the_table_of_measured_peers(interval_ms: int, duty: float, expected_s: int) -> None:
    assert round(hearing_time_ms(interval_ms, duty) / 1000) == expected_s


def test_the_default_suits_the_slowest_phone_at_half_duty() -> None:
    assert too_short(180_000, 1000, 0.5) is None


def test_what_is_too_short_is_explained_with_the_arithmetic() -> None:
    said = too_short(180_000, 1000, 0.094)
    assert said is not None
    assert "leave timeout is 180 s, but must be at least 5 x T = 677 s" in said
    assert "1 s x -9.21 / -0.068 = 135.3 s" in said
    assert "raise the timeout" in said


def test_the_timeout_that_it_asks_for_is_enough() -> None:
    assert too_short(677_000, 1000, 0.094) is None
    assert too_short(676_000, 1000, 0.094) is not None


@pytest.mark.parametrize(("interval_ms", "duty"), [(0, 0.5), (1000, 0), (1000, 1.1), (-1, 1)])
def test_an_interval_or_duty_that_cannot_be_is_refused(interval_ms: float, duty: float) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        too_short(180_000, interval_ms, duty)


@pytest.mark.parametrize(
    ("leave_s", "interval_ms", "gap_s"),
    [
        (180, 1_000, 25.8),
        (180, 2_000, 12.9),
        (180, 100, 25.8),
        (51, 1_000, 0.0),
        (600, 20_480, 5.0),
    ],
)
def test_how_far_apart_reports_may_lie(leave_s: int, interval_ms: int, gap_s: float) -> None:
    assert round(longest_gap_ms(leave_s * 1_000, interval_ms) / 1_000, 1) == gap_s


@given(st.integers(1_000, 3_600_000), st.floats(20, 60_000))
def test_who_is_here_is_hardly_ever_missed_in_a_leave_timeout(
    leave_ms: int, interval_ms: float
) -> None:
    """Of five parts of the timeout each holds so many whole scans that all of them miss once in 10 000."""
    gap_ms = longest_gap_ms(leave_ms, interval_ms)
    if gap_ms == 0:
        return
    scans = floor((leave_ms / SAFETY - SCAN_MS) / gap_ms + 1e-9)
    adverts = SCAN_MS / interval_ms
    missed = (1 - HEARD_OF_SENT * min(1.0, adverts)) ** max(1.0, adverts)
    assert missed**scans <= MISSED * (1 + 1e-9)
    assert longest_gap_ms(leave_ms + 1_000, interval_ms) >= gap_ms
