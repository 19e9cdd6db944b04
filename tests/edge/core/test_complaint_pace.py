"""The same trouble is said again and again, but ever more rarely."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.complaint_pace import (
    FORGOTTEN_MS,
    Flapping,
    Trouble,
    once_more,
    worth_a_line,
)
from shopbell_edge.core.units import Boottime


def test_the_same_trouble_is_counted_and_another_begins_anew() -> None:
    first = once_more(None, "uplink_unreachable", "refused")
    second = once_more(first, "uplink_unreachable", "refused")
    assert (first.times, second.times) == (1, 2)
    assert once_more(second, "uplink_unreachable", "no route").times == 1
    assert once_more(second, "uplink_refused", "refused") == Trouble(
        event="uplink_refused", reason="refused"
    )


def test_it_is_said_at_each_doubling() -> None:
    said = [times for times in range(1, 101) if worth_a_line(times - 1, times)]
    assert said == [1, 2, 4, 8, 16, 32, 64]


def test_a_week_of_it_takes_fourteen_lines() -> None:
    attempts = 7 * 24 * 60
    assert sum(worth_a_line(times - 1, times) for times in range(1, attempts + 1)) == 14


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), max_size=20))
def test_steps_of_any_size_never_skip_a_doubling(start: int, steps: list[int]) -> None:
    said, times = 0, start
    for step in steps:
        said += worth_a_line(times, times + step)
        times += step
    assert (said > 0) == worth_a_line(start, times)


def test_trouble_knows_whether_it_is_news() -> None:
    said = [Trouble(event="uplink_lost", reason="closed", times=times).news for times in (1, 2, 3)]
    assert said == [True, True, False]


def test_what_comes_and_goes_all_night_is_said_ever_more_rarely_and_its_ends_with_it() -> None:
    flapping = Flapping()
    said = []
    for second in range(0, 1000, 10):
        fails = flapping.is_news("blind camera_lost", Boottime(second * 1000))
        ends = flapping.is_news(None, Boottime((second + 5) * 1000))
        assert fails == ends
        if fails:
            said.append(second // 10 + 1)
    assert said == [1, 2, 4, 8, 16, 32, 64]


def test_another_trouble_is_news_and_so_is_the_same_after_a_quiet_hour() -> None:
    flapping = Flapping()
    for _ in range(3):
        flapping.is_news("blind lost", Boottime(0))
        flapping.is_news(None, Boottime(1))
    assert flapping.is_news("blind busy", Boottime(2))
    assert flapping.is_news(None, Boottime(3))
    assert flapping.is_news("blind lost", Boottime(4)), "the fourth time"
    assert flapping.is_news(None, Boottime(5))
    assert not flapping.is_news("blind lost", Boottime(4 + FORGOTTEN_MS)), "a moment too soon"
    assert not flapping.is_news(None, Boottime(5 + FORGOTTEN_MS))
    assert not flapping.is_news(None, Boottime(6 + FORGOTTEN_MS)), "it was well before"
    assert flapping.is_news("blind lost", Boottime(5 + 2 * FORGOTTEN_MS))
