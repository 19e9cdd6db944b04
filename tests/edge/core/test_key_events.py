from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.codes import UnknownCode, Why
from shopbell_edge.core.key_events import SPOILS, KeyEvents
from shopbell_edge.core.scanned_line import TORN, ScannedLine
from tests.fakes.keyboard import ENTER, events_of, press

SHIFT, RIGHT_SHIFT, CTRL, ALT, META, CAPS, NUM_LOCK, F1, ONE, KEY_A, KEY_O = (
    42, 54, 29, 56, 125, 58, 69, 59, 2, 30, 24,
)  # fmt: skip
DOWN, HELD, UP = 1, 2, 0
KEY, SYN, REPORT, DROPPED = 1, 0, 0, 3


def written(*events: tuple[int, int, int], keys: KeyEvents | None = None) -> str:
    keys = keys or KeyEvents()
    return "".join(keys.take(*event) for event in events)


def test_every_printable_character_is_a_key_or_a_key_with_shift() -> None:
    text = "".join(chr(code) for code in range(0x20, 0x7F))
    assert written(*events_of(text)) == text


@given(st.text(st.sampled_from(string.printable[:95]), max_size=60))
def test_what_a_scanner_types_is_what_it_read(text: str) -> None:
    assert written(*events_of(text), *press(ENTER)) == f"{text}\r"


def test_both_enters_end_a_line() -> None:
    assert written(*press(28), *press(96)) == "\r\r"


def test_the_keypad_writes_digits_whatever_num_lock_says() -> None:
    keypad = [82, 79, 80, 81, 75, 76, 77, 71, 72, 73]
    pressed = [event for key in keypad for event in press(key)]
    assert written(*press(NUM_LOCK), *pressed) == "0123456789"


def test_caps_lock_turns_letters_and_leaves_digits() -> None:
    assert written(*press(CAPS), *press(KEY_A), *press(ONE), *press(CAPS), *press(KEY_A)) == "A1a"


def test_shift_under_caps_lock_writes_small() -> None:
    shifted = (*press(CAPS), (KEY, RIGHT_SHIFT, DOWN), *press(KEY_A), *press(ONE))
    assert written(*shifted, (KEY, RIGHT_SHIFT, UP), *press(KEY_A)) == "a!A"


@pytest.mark.parametrize("steering", [CTRL, 97, ALT, 100, META, 126])
def test_a_key_under_ctrl_alt_or_meta_spoils(steering: int) -> None:
    events = (
        (KEY, steering, DOWN),
        *press(KEY_O),
        *press(ENTER),
        (KEY, steering, UP),
        *press(KEY_O),
    )
    assert written(*events) == SPOILS * 2 + "o"


@pytest.mark.parametrize("key", [1, F1, 14, 15, 105, 116, 0x110, 0x2FF])
def test_a_key_that_writes_nothing_spoils(key: int) -> None:
    assert written(*press(key)) == SPOILS
    assert written((KEY, SHIFT, DOWN), *press(key)) == SPOILS


def test_a_key_that_is_held_is_meant_once() -> None:
    assert (
        written((KEY, KEY_A, DOWN), (KEY, KEY_A, HELD), (KEY, KEY_A, HELD), (KEY, KEY_A, UP)) == "a"
    )
    assert written((KEY, SHIFT, DOWN), (KEY, SHIFT, HELD), *press(KEY_A)) == "A"


def test_events_that_are_no_keys_write_nothing() -> None:
    assert written((4, 4, 458756), (17, 1, 1), (SYN, REPORT, 0), (20, 0, 250)) == ""


def test_what_the_kernel_had_no_room_for_spoils_the_line_and_nothing_after_it() -> None:
    keys, line = KeyEvents(), ScannedLine()
    events = (
        *press(CAPS), (KEY, SHIFT, DOWN), *press(ONE), (SYN, DROPPED, 0), *press(ONE),
        (SYN, REPORT, 0), *press(KEY_A), *press(ENTER), *press(KEY_A), *press(ENTER),
    )  # fmt: skip
    came = line.take(written(*events, keys=keys))
    assert came == [UnknownCode(why=Why.CUT), "a"]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 0x2FF), st.integers(-1, 3))))
def test_whatever_a_device_sends_it_writes_characters_of_a_line_or_spoils(
    events: list[tuple[int, int, int]],
) -> None:
    allowed = {*string.printable[:95], "\r", SPOILS, TORN}
    assert set(written(*events)) <= allowed
