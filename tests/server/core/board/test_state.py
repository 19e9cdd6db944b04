from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.board.state import BoardState, board_state
from tests.server.core.stays import DEMO, MINUTE, RULES, SECOND, acted, at, heard, reports
from tests.server.core.worker import Worker

if TYPE_CHECKING:
    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.visits.stored import Visit


def visit_of(*evidence: Interval) -> Visit:
    worker = Worker(rules=RULES)
    worker.take(evidence, 0)
    (visit,) = worker.visits.values()
    return visit


HEARD = visit_of(heard(0, 5 * MINUTE))
CHECKED_IN = visit_of(acted(0))


@pytest.mark.parametrize(
    ("now_ms", "place", "until_ms"),
    [
        (5 * MINUTE, "here", 8 * MINUTE),
        (8 * MINUTE - 1, "here", 8 * MINUTE),
        (8 * MINUTE, "left_maybe", 15 * MINUTE),
        (15 * MINUTE - 1, "left_maybe", 15 * MINUTE),
        (15 * MINUTE, "gone", None),
    ],
)
def test_radio_fades_in_two_steps(now_ms: int, place: str, until_ms: int | None) -> None:
    state = board_state(HEARD, at(now_ms), RULES)
    assert state.place == place
    assert state.until_ms == (None if until_ms is None else at(until_ms))
    assert not state.held


def test_a_code_holds_her_present_for_the_expected_stay() -> None:
    assert board_state(CHECKED_IN, at(44 * MINUTE), RULES) == BoardState(
        place="here", held=True, until_ms=at(45 * MINUTE)
    )
    assert board_state(CHECKED_IN, at(45 * MINUTE), RULES).place == "gone"


def test_what_was_heard_after_the_code_is_what_falls_silent() -> None:
    visit = visit_of(acted(0), heard(0, 2 * MINUTE))
    assert board_state(visit, at(6 * MINUTE), RULES).place == "left_maybe"


def test_a_code_after_the_last_radio_holds_her() -> None:
    visit = visit_of(heard(0, 2 * MINUTE), acted(4 * MINUTE))
    assert board_state(visit, at(30 * MINUTE), RULES).held


def test_too_little_radio_is_not_shown() -> None:
    passing = visit_of(heard(0, 50 * SECOND))
    assert board_state(passing, at(50 * SECOND), RULES) == BoardState(
        place="unshown", held=False, until_ms=None
    )


@given(reports, st.integers(0, 4 * 60 * MINUTE))
def test_nothing_changes_before_the_moment_that_is_named(said: list[Interval], ms: int) -> None:
    worker = Worker(rules=DEMO)
    worker.take(said, 0)
    for visit in worker.visits.values():
        state = board_state(visit, at(ms), DEMO)
        if state.until_ms is not None:
            assert state.until_ms > at(ms)
            before = at(ms + (state.until_ms - at(ms) - 1))
            assert board_state(visit, before, DEMO) == state
            assert board_state(visit, state.until_ms, DEMO).place != state.place
