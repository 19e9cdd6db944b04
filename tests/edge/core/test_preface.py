from __future__ import annotations

import pytest

from shopbell_edge.core.clock_state import NO_BOUND_MS
from shopbell_edge.core.preface import ANCHOR, STARTED, Preface, anchor_of
from shopbell_wire.messages import Clock, ClockAnchor, ClockState, StreamStarted

BEGUN = StreamStarted(previous=None, previous_last_seq=None, software="test")


def clock(at: int, state: ClockState = "synced", err_ms: int = 5) -> Clock:
    return Clock(boot="b0" * 16, boottime_ms=at, wall_ms=at + 10**12, state=state, err_ms=err_ms)


def test_a_stream_begins_when_it_first_speaks_and_says_so_once() -> None:
    preface = Preface(BEGUN, clock(1), undated=False)
    assert preface.left(clock(2)) == {STARTED: (BEGUN, clock(2))}
    assert not preface.alone(clock(2))
    preface.said([STARTED, 7, 8])
    assert preface.left(clock(3)) == {}


def test_before_the_time_is_known_a_stream_begins_alone() -> None:
    unset = clock(2, "unsynced")
    preface = Preface(BEGUN, clock(1, "unsynced"), undated=False)
    assert preface.alone(unset)
    assert preface.left(unset) == {STARTED: (BEGUN, unset)}


def test_it_asks_until_an_answer_tells_the_time_and_says_nothing_else_meanwhile() -> None:
    preface = Preface(BEGUN, clock(1, "unsynced"), undated=False)
    preface.said([STARTED])
    for at in (2, 3):
        unset = clock(at, "unsynced", err_ms=NO_BOUND_MS)
        assert preface.alone(unset)
        assert preface.left(unset) == {ANCHOR: (anchor_of(unset), unset)}
        preface.said([ANCHOR])
    known = clock(4, "holdover", err_ms=2_000)
    assert not preface.alone(known)
    assert preface.left(known) == {ANCHOR: (anchor_of(known), known)}
    preface.said([ANCHOR])
    assert not preface.alone(clock(5, "unsynced"))  # three days later: what was said then dates it
    assert preface.left(clock(5, "unsynced")) == {}


@pytest.mark.parametrize("state", ["synced", "holdover"])
def test_what_began_without_the_time_owes_an_anchor_until_one_is_sealed(state: ClockState) -> None:
    preface = Preface(BEGUN, clock(1, "unsynced"), undated=False)
    preface.said([STARTED])
    for at in (3, 4):
        now = clock(at, state, err_ms=at)
        anchor = ClockAnchor(boot=now.boot, boottime_ms=at, wall_ms=now.wall_ms, err_ms=at)
        assert preface.left(now) == {ANCHOR: (anchor, now)}
    preface.said([ANCHOR])
    assert preface.left(clock(5)) == {}


def test_a_process_that_finds_the_time_before_its_first_word_says_both_at_once() -> None:
    preface = Preface(BEGUN, clock(1, "unsynced"), undated=False)
    assert list(preface.left(clock(2))) == [STARTED, ANCHOR]
    assert not preface.alone(clock(2))


def test_events_that_an_earlier_process_could_not_date_are_owed_an_anchor_too() -> None:
    assert list(Preface(BEGUN, clock(1), undated=True).left(clock(1))) == [STARTED, ANCHOR]
