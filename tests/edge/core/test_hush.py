from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.hush import FOR_MS, MOST, Hush
from shopbell_edge.core.units import Boottime


def at(now_ms: int) -> Boottime:
    return Boottime(now_ms)


def test_a_token_is_hushed_for_a_while() -> None:
    hush = Hush()
    assert not hush.covers("0a", at(0))
    hush.learn(["0a"], at(5))
    assert hush.covers("0a", at(5))
    assert hush.covers("0a", at(FOR_MS + 4))
    assert not hush.covers("0a", at(FOR_MS + 5))
    assert not hush.covers("0b", at(5))


def test_hearing_it_again_begins_the_while_anew() -> None:
    hush = Hush()
    hush.learn(["0a", "0b"], at(0))
    hush.learn(["0a"], at(10))
    hush.learn([], at(FOR_MS))
    assert hush.covers("0a", at(FOR_MS + 9))
    assert not hush.covers("0b", at(FOR_MS))


def test_no_more_are_remembered_than_there_is_room_for_the_oldest_going_first() -> None:
    hush = Hush()
    hush.learn((f"{number:08x}" for number in range(MOST + 2)), at(0))
    assert not hush.covers("00000000", at(0))
    assert not hush.covers("00000001", at(0))
    assert hush.covers("00000002", at(0))
    assert hush.covers(f"{MOST + 1:08x}", at(0))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, FOR_MS))))
def test_it_is_covered_exactly_while_it_lasts(told: list[tuple[int, int]]) -> None:
    hush, now, last = Hush(), 0, dict[int, int]()
    for token, step_ms in told:
        now += step_ms
        hush.learn([str(token)], at(now))
        last[token] = now
        for each in range(4):
            lasts = each in last and now < last[each] + FOR_MS
            assert hush.covers(str(each), at(now)) is lasts
