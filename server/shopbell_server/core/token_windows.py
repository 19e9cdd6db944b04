"""When a token is on the air: windows of 900 s, and the tolerance around their boundaries.

Owns: the arithmetic of windows, days and minutes.
Never: what a token says (`tokens`).
"""

from __future__ import annotations

from typing import Final

from shopbell_server.core.ids import Day, Millis, Window

WINDOW_S: Final = 900
"""A quarter of an hour: as often as phones change their Bluetooth address."""

TOLERANCE_S: Final = 120
"""Before and after a window: 60 s of jitter when the phone changes the token, 60 s of its clock."""

BATCH_WINDOWS: Final = 7 * 96
"""A phone's supply: seven days. Retail visits are weekly and refreshing in the background is not
reliable; 672 x 12 bytes are 8 KB."""

TRIAL_WINDOWS: Final = 96
"""Windows that are tried for an event without a date: 24 h, so 96 chances of 2**-32 for each guess."""

KEY_DAYS_AHEAD: Final = 7
"""A day's key is made so long before: the last window of a batch fetched now begins in seven days."""

KEY_DAYS_AFTER: Final = 8
"""And destroyed so long after: an edge keeps events for seven days, and a day is for the work."""


def window_of(at_ms: Millis) -> Window:
    """Return the window that `at_ms` is in."""
    return Window(at_ms // (WINDOW_S * 1000))


def day_of(at_ms: Millis) -> Day:
    """Return the UTC day that `at_ms` is in."""
    return Day(at_ms // 86_400_000)


def day_of_window(window: Window) -> Day:
    """Return the UTC day in which `window` starts: its key makes the window's tokens."""
    return Day(window * WINDOW_S // 86_400)


def candidate_windows(at_ms: Millis) -> tuple[Window, ...]:
    """Return the windows whose tokens may be on the air at `at_ms`, likeliest first: one or two."""
    window = window_of(at_ms)
    into_ms = at_ms - window * WINDOW_S * 1000
    if into_ms < TOLERANCE_S * 1000:
        return window, Window(window - 1)
    if into_ms >= (WINDOW_S - TOLERANCE_S) * 1000:
        return window, Window(window + 1)
    return (window,)


def on_air_ms(window: Window) -> Millis:
    """Return when the tokens of `window` may first be on the air: no stay by one began before."""
    return Millis((window * WINDOW_S - TOLERANCE_S) * 1000)


def batch_windows(now_ms: Millis) -> range:
    """Return the windows to issue to a phone at `now_ms`: the current one and seven days on."""
    first = window_of(now_ms)
    return range(first, first + BATCH_WINDOWS)


def trial_windows(now_ms: Millis) -> range:
    """Return the windows of the last 24 h, the current one included."""
    current = window_of(now_ms)
    return range(current - TRIAL_WINDOWS + 1, current + 1)


def key_days(now_ms: Millis) -> range:
    """Return the days whose keys must exist at `now_ms`; those before the first must not.

    Of 15 days, 7 lie ahead and 7 behind: the key of a day ends when day + KEY_DAYS_AFTER begins.
    """
    today = day_of(now_ms)
    return range(today - KEY_DAYS_AFTER + 1, today + KEY_DAYS_AHEAD + 1)
