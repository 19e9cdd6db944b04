"""What a radio does when the store closes."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.closing import LINGER_MS, Closing
from shopbell_edge.core.hours import Hours, spans
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from shopbell_edge.core.closing import Attention

HOURS = Hours(zone=UTC, week=[spans("09:00-13:00")] * 7)
HOUR_MS = 3_600_000


class Day:
    """It is noon, and the store closes in an hour."""

    def __init__(self, hours: Hours | None = HOURS, *, sleeps: bool = True) -> None:
        self.clock = FakeClock()
        self.closing = Closing(hours, sleeps=sleeps)

    def look(self, present: int = 0) -> Attention:
        return self.closing.look(self.clock.now(), present)


@pytest.mark.parametrize("sleeps", [True, False])
def test_while_the_store_is_open_silence_means_something(*, sleeps: bool) -> None:
    day = Day(sleeps=sleeps)
    assert day.closing.judged
    assert day.look() == "full"
    assert day.closing.judged


def test_outside_it_means_nothing() -> None:
    day = Day(sleeps=False)
    day.clock.forward(HOUR_MS)
    assert day.look(present=3) == "unjudged"
    assert not day.closing.judged


def test_a_radio_listens_on_unless_it_is_to_sleep() -> None:
    closing, clock = Closing(HOURS), FakeClock()
    clock.forward(HOUR_MS)
    assert closing.look(clock.now(), 0) == "unjudged"


def test_a_radio_that_is_to_sleep_waits_until_everybody_has_left() -> None:
    day = Day()
    day.clock.forward(HOUR_MS)
    assert day.look(present=2) == "unjudged"
    assert day.look() == "asleep"
    assert day.look(present=1) == "asleep", "nothing wakes it up but the morning"


def test_but_not_for_a_phone_that_lies_on_a_shelf() -> None:
    day = Day()
    day.clock.forward(HOUR_MS)
    assert day.look(present=1) == "unjudged"
    day.clock.forward(LINGER_MS - 1)
    assert day.look(present=1) == "unjudged"
    day.clock.forward(1)
    assert day.look(present=1) == "asleep"


def test_each_evening_lingers_by_itself() -> None:
    day = Day()
    for _ in range(2):
        day.clock.forward(HOUR_MS)
        assert day.look(present=1) == "unjudged"
        day.clock.forward(23 * HOUR_MS)
        assert day.look() == "full"


def test_nobody_sleeps_before_the_time_is_known() -> None:
    day = Day()
    day.clock.forward(HOUR_MS)
    day.clock.sync("unsynced")
    assert day.look() == "full"
    day.clock.sync("synced")
    assert day.look() == "asleep"


def test_without_hours_a_store_never_closes() -> None:
    day = Day(None)
    day.clock.forward(12 * HOUR_MS)
    assert day.look() == "full"


@given(
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 4 * HOUR_MS), st.integers(0, 2)), max_size=60),
)
def test_it_sleeps_only_while_closed_and_if_it_is_to(
    sleeps: bool,  # noqa: FBT001  hypothesis hands it over by place
    story: list[tuple[int, int]],
) -> None:
    day = Day(sleeps=sleeps)
    for later_ms, present in story:
        day.clock.forward(later_ms)
        attention = day.look(present)
        is_open = HOURS.open_by(day.clock.now())
        assert (attention == "full") == is_open
        assert sleeps or attention != "asleep"
