from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shopbell_edge.core.shedding import (
    COALESCE_MS,
    COALESCE_SHARE,
    MOST_STAYS,
    PRESENT_SHARE,
    Ended,
    Thinning,
    is_passing,
    passing,
    stay_of,
)
from shopbell_wire.messages import Event, Phase, Presence
from tests.edge import events

SHORT = COALESCE_SHARE
SHORTER = PRESENT_SHARE


def report(number: int = 1, after_ms: int = 0, phase: Phase = "present") -> Presence:
    whole = events.presence(number, phase)
    return replace(whole, last_ms=whole.first_ms + after_ms)


def test_while_there_is_room_everything_is_kept() -> None:
    thinning = Thinning()
    assert [thinning.verdict(report(), 0.79) for _ in range(3)] == ["keep"] * 3


def test_when_room_runs_short_a_stay_is_reported_once_in_two_minutes() -> None:
    thinning = Thinning()
    told = [thinning.verdict(report(after_ms=ms), SHORT) for ms in range(0, 300_000, 60_000)]
    assert told == ["keep", "coalesce", "keep", "coalesce", "keep"]
    assert thinning.verdict(report(2), SHORT) == "keep"


def test_when_room_runs_shorter_no_report_is_kept() -> None:
    assert Thinning().verdict(report(), SHORTER) == "drop"
    assert Thinning().verdict(report(phase="inactive"), SHORTER) == "drop"
    assert Thinning().verdict(report(), 0.94) == "keep", "the last twentieth is for what has an end"
    assert Thinning().verdict(report(), 0.95) == "drop"


@pytest.mark.parametrize("share", [SHORT, SHORTER, 1.0])
def test_the_ends_of_a_stay_and_all_else_are_kept_to_the_last(share: float) -> None:
    thinning = Thinning()
    others: list[Event] = [report(phase="entered"), report(phase="left"), events.scan()]
    assert [thinning.verdict(each, share) for each in (*others, events.health())] == ["keep"] * 4


def test_what_was_kept_is_forgotten_when_the_stay_ends_or_there_is_room_again() -> None:
    thinning = Thinning()
    assert thinning.verdict(report(), SHORT) == "keep"
    thinning.verdict(report(phase="left"), SHORT)
    assert thinning.verdict(report(), SHORT) == "keep"
    thinning.verdict(report(2), 0.1)
    assert thinning.verdict(report(), SHORT) == "keep"


def test_more_stays_than_are_remembered_are_only_reported_more_often() -> None:
    thinning = Thinning()
    for number in range(MOST_STAYS + 1):
        assert thinning.verdict(report(number), SHORT) == "keep"
    assert thinning.verdict(report(0), SHORT) == "keep"
    assert thinning.verdict(report(MOST_STAYS), SHORT) == "coalesce"


def test_a_stay_is_over_when_both_ends_wait_however_far_apart() -> None:
    ended = Ended()
    assert ended.look([(1, report(1, phase="entered")), (2, events.scan()), (3, report(1))]) == []
    assert ended.look([(4, report(2, phase="left")), (5, report(1, phase="left"))]) == [1, 5]
    assert ended.look([(6, report(1, phase="left"))]) == []


def test_of_too_many_open_stays_the_oldest_is_let_be() -> None:
    ended = Ended()
    ended.look((n, report(n, phase="entered")) for n in range(MOST_STAYS + 1))
    gone = ended.look([(-1, report(0, phase="left")), (-2, report(1, phase="left"))])
    assert gone == [1, -2]


phases = st.sampled_from(["entered", "present", "inactive", "left"])
reports = st.builds(report, st.integers(0, 4), st.integers(0, 10**6), phases)
anything = st.lists(
    st.one_of(reports, st.builds(events.scan, st.integers(0, 99)), st.builds(events.health)),
    max_size=60,
)


@given(anything, st.floats(0, 1))
def test_nothing_but_reports_is_ever_held_back(heard: list[Event], share: float) -> None:
    thinning = Thinning()
    last_ms: dict[object, int] = {}
    for event in heard:
        verdict = thinning.verdict(event, share)
        if not is_passing(event):
            assert verdict == "keep"
        elif verdict == "coalesce":
            assert isinstance(event, Presence)
            assert event.last_ms - last_ms[stay_of(event)] < COALESCE_MS
        elif verdict == "keep":
            assert isinstance(event, Presence)
            last_ms[stay_of(event)] = event.last_ms


@given(anything, st.integers(1, 10))
def test_only_whole_stays_and_reports_are_given_up(heard: list[Event], at_once: int) -> None:
    ended, gone = Ended(), []
    waiting = list(enumerate(heard))
    for start in range(0, len(waiting), at_once):
        gone += ended.look(waiting[start : start + at_once])
    assert len(gone) == len(set(gone))
    ends = [heard[place] for place in gone]
    assert all(isinstance(each, Presence) and each.phase in {"entered", "left"} for each in ends)
    tally = Counter((stay_of(e), e.phase) for e in ends if isinstance(e, Presence))
    assert all(tally[stay, "entered"] == tally[stay, "left"] for stay, _ in tally)
    assert [heard[place] for place in passing(waiting)] == [
        each for each in heard if is_passing(each)
    ]
