from __future__ import annotations

import pytest

from shopbell_edge.core.answering import CAMERA, HANDHELD, PULSES, Answer, Patience, refusal
from shopbell_edge.core.codes import StalePass, UnknownCode, Why
from shopbell_edge.core.units import Boottime

STALE = StalePass(age_s=120)
BROKEN = UnknownCode(why=Why.MALFORMED_PASS)


@pytest.mark.parametrize("why", Why)
def test_what_was_meant_for_us_is_refused_and_all_else_only_counted(why: Why) -> None:
    meant = {Why.MALFORMED_PASS, Why.CHECK_DIGIT, Why.ZEROS, Why.CUT}
    expected = Answer.NOT_GOOD if why in meant else None
    assert refusal(UnknownCode(why=why)) == expected


def test_an_old_picture_wants_to_be_refreshed() -> None:
    assert refusal(STALE) == Answer.REFRESH


def test_answers_are_told_apart_by_counting_and_are_over_within_a_second() -> None:
    assert {answer: len(pulses) for answer, pulses in PULSES.items()} == {
        Answer.GOOD: 1,
        Answer.REFRESH: 2,
        Answer.NOT_GOOD: 3,
    }
    for pulses in PULSES.values():
        assert sum(pulse.on_ms + pulse.off_ms for pulse in pulses) <= 1000


def test_a_camera_refuses_the_same_once_in_three_seconds() -> None:
    patience = Patience(CAMERA)
    said = [patience.refusal(STALE, Boottime(at)) for at in (0, 66, 2_999, 3_000, 3_066)]
    assert said == [Answer.REFRESH, None, None, Answer.REFRESH, None]
    assert patience.again() is None


def test_another_refusal_is_news() -> None:
    patience = Patience(CAMERA)
    said = [patience.refusal(found, Boottime(0)) for found in (STALE, BROKEN, BROKEN)]
    assert said == [Answer.REFRESH, Answer.NOT_GOOD, None]


def test_codes_that_are_only_counted_leave_the_patience_as_it_is() -> None:
    patience = Patience(CAMERA)
    patience.refusal(STALE, Boottime(0))
    assert patience.refusal(UnknownCode(why=Why.NOT_OURS), Boottime(1)) is None
    assert patience.refusal(STALE, Boottime(2)) is None


def test_each_pull_of_a_trigger_is_answered() -> None:
    patience = Patience(HANDHELD)
    assert [patience.refusal(STALE, Boottime(0)) for _ in range(3)] == [Answer.REFRESH] * 3
    assert patience.again() == Answer.GOOD
