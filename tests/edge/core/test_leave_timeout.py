from __future__ import annotations

import pytest

from shopbell_edge.core.leave_timeout import hearing_time_ms, too_short


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
