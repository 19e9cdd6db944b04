from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.delivery.notices import (
    HOUR_MS,
    KEPT_MS,
    Notice,
    device_added,
    phone_class,
)
from shopbell_server.core.ids import Millis, PersonId

ANNA = PersonId("anna")


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("iPhone15,2", "iphone"),
        ("iPad14,1", "iphone"),
        ("Pixel 9", "android"),
        ("SM-S921B", "android"),
        (None, "unknown"),
    ],
)
def test_a_phone_is_one_of_two_kinds(model: str | None, expected: str) -> None:
    assert phone_class(model) == expected


@given(st.text(max_size=64), st.integers(0, 2**45))
def test_a_notice_says_a_kind_and_an_hour_and_no_more(model: str, at_ms: int) -> None:
    told = device_added("n", ANNA, model, Millis(at_ms))
    assert told.at_ms % HOUR_MS == 0
    assert 0 <= at_ms - told.at_ms < HOUR_MS
    assert told.expires_ms == at_ms + KEPT_MS
    assert (told.person, told.read_ms) == (ANNA, None)
    assert told.phone in {"iphone", "android"}
    assert {each.name for each in fields(Notice)} == {
        *("id", "person", "at_ms", "phone", "expires_ms", "read_ms")
    }
