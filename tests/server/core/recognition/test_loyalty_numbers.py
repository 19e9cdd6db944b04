from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.ids import Millis
from shopbell_server.core.recognition.loyalty_numbers import (
    INFO,
    MINUTE_MS,
    MOST_UNKNOWN,
    Guesses,
    is_refused,
    opened,
    with_unknown,
)

AT = 1_795_262_837_000


def plain(sealed: bytes, info: bytes, aad: bytes) -> bytes | None:
    """Stand in for HPKE: what is sealed says for whom."""
    lead = info + aad + b"|"
    return sealed.removeprefix(lead) if sealed.startswith(lead) else None


def sealed(number: bytes, aad: bytes = b"acme/door") -> str:
    return b64encode(INFO + aad + b"|" + number).decode()


def test_a_number_is_what_was_sealed() -> None:
    assert opened(sealed(b"2912345678901"), "acme", "door", plain) == "2912345678901"
    assert opened(sealed(b"Ab3"), "acme", "door", plain) == "Ab3"


@pytest.mark.parametrize(
    "wire",
    [
        "",
        "*",
        "not base64!",
        "Z",
        "ö",
        sealed(b"29", b"acme/till"),
        sealed(b""),
        sealed(b"29 12"),
        sealed(b"2" * 41),
        sealed("\uff11\uff12".encode()),
        sealed(b"\xff"),
        sealed(b"29\n"),
    ],
)
def test_anything_else_is_none(wire: str) -> None:
    assert opened(wire, "acme", "door", plain) is None


def after(*at_ms: int) -> Guesses:
    guesses = Guesses()
    for each in at_ms:
        guesses = with_unknown(guesses, Millis(AT + each))
    return guesses


def refused_at(guesses: Guesses, at_ms: int) -> bool:
    return is_refused(guesses, Millis(AT + at_ms))


def test_ten_a_minute_are_believed_and_then_none_for_a_minute() -> None:
    nine = after(*range(0, 9_000, 1_000))
    assert not refused_at(nine, 9_000)
    ten = with_unknown(nine, Millis(AT + 9_000))
    assert not refused_at(ten, 8_000)
    assert refused_at(ten, 9_001)
    assert refused_at(ten, 9_000 + MINUTE_MS)
    assert not refused_at(ten, 9_001 + MINUTE_MS)


def test_fewer_than_ten_a_minute_may_go_on_for_ever() -> None:
    guesses = after(*range(0, 3_600_000, 6_667))
    assert not any(refused_at(guesses, at) for at in range(0, 4_000_000, 1_000))
    assert len(guesses.unknown_ms) == MOST_UNKNOWN


def test_counting_begins_anew_after_the_minute() -> None:
    guesses = after(*range(10))
    assert guesses.unknown_ms == ()
    again = with_unknown(guesses, Millis(AT + 2 * MINUTE_MS))
    assert not refused_at(again, 2 * MINUTE_MS + 1)


@given(st.permutations(range(0, 40_000, 4_000)))
def test_the_order_of_coming_makes_no_difference(times: list[int]) -> None:
    assert after(*times) == after(*sorted(times))
