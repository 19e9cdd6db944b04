from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.channels.facts import Kind, due_too_late, oldest_ms, standing
from shopbell_server.core.units import DAY_MS
from tests.server.core.channels.saying import NOW, fact

if TYPE_CHECKING:
    from shopbell_server.core.channels.facts import ChannelFact

FACTS = st.builds(
    lambda kind, key, at_ms, mark: fact(
        kind, str(at_ms), key, at_ms=at_ms, mark=bytes([mark] * 16)
    ),
    st.sampled_from(Kind),
    st.sampled_from(["1", "2"]),
    st.integers(0, 5),
    st.integers(0, 2),
)


@given(st.lists(FACTS, max_size=12), st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(facts: list[ChannelFact], dice: object) -> None:
    again = [*facts, *facts]
    dice.shuffle(again)  # type: ignore[attr-defined]
    assert standing(again) == standing(facts)


def test_what_is_late_undoes_nothing() -> None:
    ready = fact(state="ready", at_ms=2)
    assert standing([ready, fact(state="cancelled", at_ms=1)]) == (ready,)


def test_of_one_moment_the_greater_mark_stands() -> None:
    one, other = fact(mark=b"a" * 16), fact(state="picked_up", mark=b"b" * 16)
    assert standing([other, one]) == (other,)


def test_its_words_are_found_by_name() -> None:
    assert fact(product="Lamp").word("product") == "Lamp"
    assert fact().word("product") is None


def test_an_appointment_is_kept_until_it_was() -> None:
    assert fact(at_ms=5, due_ms=9).counts_from_ms == 9
    assert fact(at_ms=5, due_ms=3).counts_from_ms == 5
    assert fact(at_ms=5).counts_from_ms == 5


def test_tiers_are_kept_longer_than_wishes_and_wishes_longer_than_orders() -> None:
    assert oldest_ms(Kind.TIER, NOW) < oldest_ms(Kind.WISH, NOW) < oldest_ms(Kind.ORDER, NOW)


def test_nothing_is_due_in_two_years() -> None:
    assert due_too_late(fact(due_ms=NOW + 730 * DAY_MS), NOW)
    assert not due_too_late(fact(due_ms=NOW + 300 * DAY_MS), NOW)
    assert not due_too_late(fact(), NOW)
