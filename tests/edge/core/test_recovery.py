"""The ladder of remedies for a radio that does not hear."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.recovery import DOUBTS, LADDER, STUCK, Reason, Recovery, next_step

if TYPE_CHECKING:
    from shopbell_edge.core.recovery import Step

reasons = st.sampled_from(get_args(Reason))


@pytest.mark.parametrize("reason", sorted(STUCK - DOUBTS))
def test_stuck_radios_climb_from_a_new_scanner_to_the_end(reason: Reason) -> None:
    steps: list[Step] = [next_step(reason, failures, 6) for failures in range(1, 7)]
    assert steps == [
        "new_scanner",
        "power_cycle",
        "restart_bluetoothd",
        "restart_bluetoothd",
        "restart_bluetoothd",
        "give_up",
    ]


@given(st.sampled_from(sorted(DOUBTS)), st.integers(1, 100))
def test_a_radio_that_hears_something_is_never_given_up(reason: Reason, failures: int) -> None:
    assert next_step(reason, failures, 1) == LADDER[min(failures, len(LADDER)) - 1]


@given(reasons.filter(lambda reason: reason not in STUCK), st.integers(1, 9))
def test_what_is_missing_is_waited_for_without_force(reason: Reason, failures: int) -> None:
    assert next_step(reason, failures, 10) == "new_scanner"


@given(
    reasons.filter(lambda reason: reason not in DOUBTS), st.integers(1, 100), st.integers(1, 100)
)
def test_it_ends_after_as_many_failures_as_allowed_and_not_before(
    reason: Reason, failures: int, attempts: int
) -> None:
    assert (next_step(reason, failures, attempts) == "give_up") is (failures >= attempts)


def test_the_defaults_reach_every_remedy() -> None:
    assert Recovery().attempts > len(LADDER)


def test_silence_is_noticed_within_two_minutes_and_ten_minutes_of_absence_end_nothing() -> None:
    patience = Recovery()
    assert (patience.silent_s, patience.check_s) == (90, 30)
    assert patience.silent_s + patience.check_s <= 120
    assert patience.ready_s * (patience.attempts - 1) > 2 * 600
