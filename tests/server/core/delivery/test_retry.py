from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.delivery.retry import (
    SCHEDULE_S,
    Answer,
    GiveUp,
    TryAgain,
    after_failure,
    answer_of,
    patient_wait_s,
)
from shopbell_server.core.ids import Millis

NOW_MS = Millis(1_795_262_400_000)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, "delivered"),
        (204, "delivered"),
        (302, "retry"),
        (400, "refused"),
        (401, "retry"),
        (404, "retry"),
        (408, "retry"),
        (410, "gone"),
        (413, "refused"),
        (422, "refused"),
        (429, "retry"),
        (500, "retry"),
        (503, "retry"),
        (101, "retry"),
    ],
)
def test_what_a_status_means(status: int, answer: Answer) -> None:
    assert answer_of(status) == answer


def test_the_schedule_lasts_longer_than_a_weekend() -> None:
    assert len(SCHEDULE_S) == 10
    assert sum(SCHEDULE_S) == 75 * 3600 + 35 * 60 + 5


def test_without_jitter_the_schedule_is_kept_and_then_given_up() -> None:
    waits_ms = []
    for attempt in range(1, 10):
        again = after_failure(attempt, NOW_MS, 0.0)
        assert isinstance(again, TryAgain)
        waits_ms.append(again.due_ms - NOW_MS)
    assert waits_ms == [wait_s * 1000 for wait_s in SCHEDULE_S[1:]]
    assert after_failure(10, NOW_MS, 0.0) == GiveUp()
    assert after_failure(11, NOW_MS, 0.0) == GiveUp()


@given(st.integers(1, 9), st.floats(0, 1, exclude_max=True))
def test_jitter_is_up_to_a_tenth_and_never_early(attempt: int, chance: float) -> None:
    again = after_failure(attempt, NOW_MS, chance)
    assert isinstance(again, TryAgain)
    wait_ms = SCHEDULE_S[attempt] * 1000
    assert wait_ms <= again.due_ms - NOW_MS <= wait_ms * 1.1


@pytest.mark.parametrize(
    ("asked_s", "wait_s"),
    [(None, 5), (0.0, 5), (-7.0, 5), (60.0, 60), (10.0**9, 86_400), (float("inf"), 86_400)],
)
def test_retry_after_is_obeyed_within_a_day(asked_s: float | None, wait_s: int) -> None:
    again = after_failure(1, NOW_MS, 0.0, retry_after_s=asked_s)
    assert again == TryAgain(due_ms=Millis(NOW_MS + wait_s * 1000))


def test_a_shorter_schedule_is_kept_too() -> None:
    assert after_failure(1, NOW_MS, 0.0, schedule_s=(0, 1)) == TryAgain(
        due_ms=Millis(NOW_MS + 1_000)
    )
    assert after_failure(2, NOW_MS, 0.0, schedule_s=(0, 1)) == GiveUp()


def test_what_is_never_given_up_is_tried_ever_more_rarely_but_every_five_minutes() -> None:
    assert [patient_wait_s(number, 0.0) for number in range(1, 9)] == [
        10, 20, 40, 80, 160, 300, 300, 300,
    ]  # fmt: skip
    assert patient_wait_s(10**6, 0.5) == 315
