"""Which way a radio hears, and why."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.hearing_path import Choice, TrialRules, verdict

RULES: Final = TrialRules()
counts = st.integers(0, 10_000)
times = st.floats(0, 1e6)


@pytest.mark.parametrize(
    ("elapsed_s", "bleak", "management", "expected"),
    [
        (10, 100, 100, "management"),
        (10, 100, 140, "management"),
        (10, 0, 20, "management"),
        (10, 20, 15, "management"),
        (10, 100, 86, "management_misses"),
        (10, 100, 0, "management_deaf"),
        (9.9, 100, 100, None),
        (1000, 19, 19, None),
        (1000, 0, 0, None),
    ],
)
def test_of_a_trial(elapsed_s: float, bleak: int, management: int, expected: str | None) -> None:
    assert verdict(RULES, elapsed_s, bleak, management) == expected


@given(times, counts, counts)
def test_the_socket_is_chosen_only_if_it_delivered_what_bleak_did(
    elapsed_s: float, bleak: int, management: int
) -> None:
    if verdict(RULES, elapsed_s, bleak, management) == "management":
        assert management >= 0.9 * bleak - 3
        assert management > 0
        assert elapsed_s >= RULES.window_s


@given(times, counts, counts, counts)
def test_more_from_the_socket_never_speaks_against_it(
    elapsed_s: float, bleak: int, management: int, more: int
) -> None:
    if verdict(RULES, elapsed_s, bleak, management) == "management":
        assert verdict(RULES, elapsed_s, bleak, management + more) == "management"


@given(times, times, counts, counts)
def test_a_verdict_does_not_depend_on_how_long_it_took(
    one_s: float, two_s: float, bleak: int, management: int
) -> None:
    verdicts = {verdict(RULES, each_s, bleak, management) for each_s in (one_s, two_s)}
    assert len(verdicts - {None}) <= 1


def test_a_radio_that_may_choose_tries_the_socket_first() -> None:
    choice = Choice("auto", RULES)
    assert choice.wants_trial(0.0)
    assert choice.why is None
    assert not choice.insists


def test_after_a_refusal_it_tries_again_later() -> None:
    choice = Choice("auto", RULES)
    choice.refuse("management_deaf", 1000.0)
    assert choice.why == "management_deaf"
    assert not choice.wants_trial(1000.0)
    assert not choice.wants_trial(1599.0)
    assert choice.wants_trial(1600.0)


def test_once_it_is_used_nothing_speaks_against_it() -> None:
    choice = Choice("auto", RULES)
    choice.refuse("management_deaf", 1000.0)
    choice.take()
    assert choice.why is None
    assert choice.wants_trial(1001.0)


def test_who_insists_tries_nothing() -> None:
    for choice in (Choice("bleak", RULES), Choice("management", RULES)):
        assert not choice.wants_trial(1e9)
    assert Choice("management", RULES).insists
    assert not Choice("bleak", RULES).insists


def test_whoever_is_in_a_hurry_waits_for_no_trial() -> None:
    choice = Choice("auto", TrialRules())
    choice.refuse("management_deaf", 100.0)
    choice.hurry()
    assert choice.wants_trial(100.0)
    choice.refuse("management_deaf", 101.0)
    assert not choice.wants_trial(102.0)
