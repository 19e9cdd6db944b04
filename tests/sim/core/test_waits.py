"""How long answers took, counted by span."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_sim.core.waits import MOST_MS, STEP, Waits


@given(st.lists(st.integers(0, MOST_MS), min_size=1), st.floats(0.01, 1))
def test_what_is_said_is_true_and_at_most_a_span_too_long(waited: list[int], share: float) -> None:
    waits = Waits()
    for each in waited:
        waits.add(each)
    said = waits.below_ms(share)
    ordered = sorted(waited)
    at_least = -(-len(ordered) * share // 1)
    true = ordered[int(at_least) - 1]
    assert true <= said <= max(1, true * STEP)


def test_without_any_it_is_none() -> None:
    assert Waits().below_ms(0.99) == 0
    assert Waits().most_ms == 0


def test_what_takes_for_ever_counts_as_the_longest() -> None:
    waits = Waits()
    waits.add(MOST_MS * 100)
    assert waits.below_ms(0.5) == waits.most_ms == MOST_MS
