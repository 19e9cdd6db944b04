from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.allowance import Allowance


def test_so_much_may_come_at_once_and_no_more() -> None:
    allowance = Allowance(at_once=3, per_s=1)
    assert [allowance.take(1, 5_000) for _ in range(4)] == [True, True, True, False]


def test_what_is_not_allowed_takes_nothing_off() -> None:
    allowance = Allowance(at_once=3, per_s=1)
    assert not allowance.take(4, 0)
    assert allowance.take(3, 0)


def test_it_fills_by_the_millisecond() -> None:
    allowance = Allowance(at_once=1, per_s=20)
    assert allowance.take(1, 0)
    assert not any(allowance.take(1, now_ms) for now_ms in range(1, 50))
    assert allowance.take(1, 50)


amounts = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 9)), max_size=60)


@given(amounts, st.integers(1, 20), st.integers(1, 50))
def test_never_more_than_at_once_and_what_time_has_brought(
    asked: list[tuple[int, int]], at_once: int, per_s: int
) -> None:
    allowance = Allowance(at_once=at_once, per_s=per_s)
    now_ms = taken = 0
    for pause_ms, amount in asked:
        now_ms += pause_ms
        taken += amount if allowance.take(amount, now_ms) else 0
        assert taken * 1_000 <= at_once * 1_000 + now_ms * per_s
