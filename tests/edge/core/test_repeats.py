from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.codes import LoyaltyNumber, PassCode
from shopbell_edge.core.repeats import MOST_CODES, Repeats
from shopbell_edge.core.units import Boottime

KEY = bytes(16)


def number(text: str = "2912345678901") -> LoyaltyNumber:
    return LoyaltyNumber(symbology="EAN-13", number=text)


def shown(unix_s: int, card_ref: str = "K7Q2M9X4TR3WA") -> PassCode:
    text = f"SB1.{card_ref}.{unix_s}.48775424"
    return PassCode(text=text, card_ref=card_ref, step=unix_s // 30)


def test_a_code_is_let_through_once_in_its_time() -> None:
    repeats = Repeats(key=KEY, hold_ms=30_000)
    times = (0, 40, 29_999, 30_000, 59_999, 60_000)
    assert [repeats.is_new(number(), Boottime(at)) for at in times] == [
        True,
        False,
        False,
        True,
        False,
        True,
    ]


def test_another_code_is_not_held_back() -> None:
    repeats = Repeats(key=KEY)
    assert repeats.is_new(number(), Boottime(0))
    assert repeats.is_new(number("2912345678918"), Boottime(0))
    assert repeats.is_new(LoyaltyNumber(symbology="Code 128", number="2912345678901"), Boottime(0))


def test_a_pass_is_one_step_whatever_second_it_shows() -> None:
    repeats = Repeats(key=KEY, hold_ms=1)
    assert repeats.is_new(shown(1_795_262_820), Boottime(0))
    assert not repeats.is_new(shown(1_795_262_827), Boottime(7_000))
    assert not repeats.is_new(shown(1_795_262_820), Boottime(119_999))
    assert repeats.is_new(shown(1_795_262_850), Boottime(30_000))
    assert repeats.is_new(shown(1_795_262_820, "AAAAAAAAAAAAA"), Boottime(7_000))


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 1000)), max_size=600))
def test_it_remembers_a_bounded_number(codes: list[tuple[int, int]]) -> None:
    repeats, now_ms = Repeats(key=KEY), 0
    for code, gap_ms in codes:
        now_ms += gap_ms
        repeats.is_new(number(f"{code:013d}"), Boottime(now_ms))
        assert len(repeats) <= MOST_CODES


def test_past_the_bound_the_oldest_goes() -> None:
    repeats = Repeats(key=KEY)
    for code in range(MOST_CODES + 1):
        assert repeats.is_new(number(f"{code:013d}"), Boottime(0))
    assert not repeats.is_new(number(f"{1:013d}"), Boottime(0))
    assert repeats.is_new(number(f"{0:013d}"), Boottime(0))


def test_what_could_not_be_kept_may_be_shown_again() -> None:
    repeats = Repeats(key=KEY)
    assert repeats.is_new(number("2900000000018"), Boottime(0))
    repeats.forget(number("2900000000018"))
    repeats.forget(number("2900000000018"))
    assert repeats.is_new(number("2900000000018"), Boottime(1))
