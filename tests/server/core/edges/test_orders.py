from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.edges.orders import Answer, joined, next_number
from shopbell_server.core.ids import Millis

answers = st.builds(
    Answer,
    result=st.sampled_from(["done", "refused", "failed"]),
    reason=st.sampled_from(["a", "b"]),
    at_ms=st.integers(0, 3).map(Millis),
)


@given(st.lists(answers, min_size=1, max_size=4))
def test_answers_amount_to_the_same_in_any_order_and_however_often(said: list[Answer]) -> None:
    outcomes = set()
    for each in permutations(said):
        stands = None
        for one in (*each, each[0]):
            stands = joined(stands, one)
        outcomes.add(stands)
    assert len(outcomes) == 1


def test_a_copy_that_is_refused_says_nothing_of_the_order_that_was_done() -> None:
    done = Answer(result="done", reason="in force", at_ms=Millis(5))
    copy = Answer(result="refused", reason="is not signed", at_ms=Millis(4))
    later = Answer(result="failed", reason="holds no more", at_ms=Millis(9))
    assert joined(copy, done) == done
    assert joined(done, copy) == done
    assert joined(later, done) == later


@given(st.integers(0, 2**50), st.integers(0, 2**50))
def test_numbers_rise_and_outrun_those_of_a_lost_database(last: int, now_ms: int) -> None:
    number = next_number(last, Millis(now_ms))
    assert number > last
    assert number >= now_ms // 1000
    assert number in {last + 1, now_ms // 1000}
