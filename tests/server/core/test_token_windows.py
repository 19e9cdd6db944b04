from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.ids import Day, Millis, Window
from shopbell_server.core.token_windows import (
    TOLERANCE_S,
    WINDOW_S,
    batch_windows,
    candidate_windows,
    day_of,
    day_of_window,
    key_days,
    on_air_ms,
    trial_windows,
    window_of,
)

START_MS = 1_795_262_400_000  # a window's beginning: 2026-11-21 12:00 UTC
W = Window(1_994_736)
MOMENTS = st.integers(0, 2**42).map(Millis)


@pytest.mark.parametrize(
    ("into_ms", "windows"),
    [
        (0, (W, W - 1)),
        (119_999, (W, W - 1)),
        (120_000, (W,)),
        (779_999, (W,)),
        (780_000, (W, W + 1)),
        (899_999, (W, W + 1)),
    ],
)
def test_candidate_windows(into_ms: int, windows: tuple[Window, ...]) -> None:
    assert candidate_windows(Millis(START_MS + into_ms)) == windows


@given(MOMENTS)
def test_no_candidate_window_is_off_the_air(at_ms: Millis) -> None:
    assert candidate_windows(at_ms)[0] == window_of(at_ms)
    for window in candidate_windows(at_ms):
        assert at_ms < off_air_ms(window)
    assert at_ms >= off_air_ms(Window(window_of(at_ms) - 2))


def off_air_ms(window: Window) -> int:
    """When the tokens of `window` are off the air everywhere: phones' clocks may be behind."""
    return ((window + 1) * WINDOW_S + TOLERANCE_S) * 1000


def test_a_window_belongs_to_the_day_in_which_it_starts() -> None:
    assert day_of_window(W) == day_of(Millis(START_MS)) == 20_778
    midnight = Window(20_778 * 96)
    assert day_of_window(midnight) == 20_778
    assert day_of_window(Window(midnight - 1)) == 20_777


@given(MOMENTS)
def test_every_window_of_a_batch_has_a_day_key_when_it_is_issued(now_ms: Millis) -> None:
    windows = batch_windows(now_ms)
    assert len(windows) == 672
    assert windows[0] == window_of(now_ms)
    assert {day_of_window(Window(window)) for window in windows} <= set(key_days(now_ms))


@given(MOMENTS)
def test_a_token_can_be_read_for_seven_days_and_never_after_eight(now_ms: Millis) -> None:
    days = key_days(now_ms)
    assert len(days) == 15
    today = day_of(now_ms)
    assert Day(today - 7) in days
    assert Day(today - 8) not in days


def test_undated_tokens_are_tried_over_24_hours() -> None:
    windows = trial_windows(Millis(START_MS + 1))
    assert (windows[-1], len(windows)) == (W, 96)


def test_tokens_are_on_the_air_from_two_minutes_before_their_window() -> None:
    first = on_air_ms(W)
    assert W in candidate_windows(first)
    assert W not in candidate_windows(Millis(first - 1))
