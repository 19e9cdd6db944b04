from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.codes import (
    GTIN_DIGITS,
    LoyaltyNumber,
    NumberRule,
    PassCode,
    Read,
    StalePass,
    Symbology,
    UnknownCode,
    Why,
    read,
)
from shopbell_wire.messages import Clock, ClockState
from tests.shared import vectors

PASS = "SB1.K7Q2M9X4TR3WA.1795262820.48775424"
SHOWN_S = 1_795_262_820
RULES = (
    NumberRule(symbology="EAN-13", prefix="29", length=13),
    NumberRule(symbology="UPC-A", prefix="4", length=12),
    NumberRule(symbology="EAN-13", prefix="0", length=13),
    NumberRule(symbology="EAN-8", prefix="2", length=8),
    NumberRule(symbology="Code 128", prefix="K", length=10),
    NumberRule(symbology="Code 128", prefix="0", length=10),
)


def at(unix_s: int, state: ClockState = "synced") -> Clock:
    return Clock(boot="0" * 32, boottime_ms=1, wall_ms=unix_s * 1000, state=state, err_ms=5)


def seen(text: str, symbology: str = "QR Code") -> Read:
    return read(symbology, text, RULES, at(SHOWN_S))


def test_a_pass_is_known_by_its_form() -> None:
    assert seen(PASS) == PassCode(text=PASS, card_ref="K7Q2M9X4TR3WA", step=SHOWN_S // 30)


def test_of_the_vectors_the_edge_refuses_what_it_can_judge() -> None:
    for example in vectors("passes.json")["examples"]:
        result = read("QR Code", example["text"], (), at(example["scanned_at"]))
        expected = UnknownCode if example["expect"].startswith("unknown") else PassCode
        assert isinstance(result, expected), example["expect"]


@pytest.mark.parametrize(("age_s", "stale"), [(-30, False), (0, False), (90, False), (91, True)])
def test_a_pass_older_than_90_s_wants_to_be_refreshed(age_s: int, stale: bool) -> None:  # noqa: FBT001  a case
    result = read("QR Code", PASS, (), at(SHOWN_S + age_s))
    assert result == StalePass(age_s=age_s) if stale else isinstance(result, PassCode)


@pytest.mark.parametrize("state", ["holdover", "unsynced"])
def test_a_clock_that_may_be_wrong_judges_nobody(state: ClockState) -> None:
    assert isinstance(read("QR Code", PASS, (), at(SHOWN_S + 9_999, state)), PassCode)


@pytest.mark.parametrize(
    "text",
    [
        "SB1.",
        PASS[:-1],
        PASS + "0",
        PASS + " ",
        PASS.replace("K7Q", "k7q"),
        PASS.replace("K7Q", "KQ"),
        PASS.replace(".1795262820", ".0795262820"),
        PASS.replace(".1795262820", ".-795262820"),
        PASS.replace(".1795262820", ".17952628200"),
        PASS.replace(".", "-").replace("SB1-", "SB1."),
        "SB1.K7Q2M9" + PASS,  # half a scan, then the next without a line's end between them
    ],
)
def test_a_pass_in_another_form_is_malformed(text: str) -> None:
    assert seen(text) == UnknownCode(why=Why.MALFORMED_PASS)


@pytest.mark.parametrize(
    "text",
    [
        PASS.lower(),
        "https://evil.example/SB1.",
        "javascript:alert(1)",
        "WIFI:S:shop;T:WPA;P:x;;",
        "BEGIN:VCARD",
        "' OR 1=1--",
        '=HYPERLINK("http://evil.example")',
        "ISR1:ABC",
    ],
)
def test_what_is_not_ours_is_unknown_in_any_symbology(text: str) -> None:
    for symbology in ("QR Code", "Code 128", "EAN-13", ""):
        assert seen(text, symbology) == UnknownCode(why=Why.NOT_OURS)


@pytest.mark.parametrize(
    "text", ["\x0f", "K12345\x1b789", "\x1d", "K12345\x03789", "BEGIN:VCARD\nN:X", "a\x00b", "é"]
)
def test_control_characters_and_what_is_not_ascii_are_refused(text: str) -> None:
    assert seen(text, "Code 128") == UnknownCode(why=Why.CHARSET)


def test_digits_of_other_scripts_are_no_digits() -> None:
    fullwidth = "".join(chr(ord(digit) - ord("0") + 0xFF10) for digit in "2912345678903")
    assert seen(fullwidth, "EAN-13") == UnknownCode(why=Why.CHARSET)
    assert seen(PASS.replace("48775424", fullwidth[:8])) == UnknownCode(why=Why.CHARSET)


def test_a_code_of_7089_digits_is_too_long() -> None:
    assert seen("1" * 7089) == UnknownCode(why=Why.TOO_LONG)
    assert seen("1" * 512) == UnknownCode(why=Why.NOT_OURS)


def test_no_text_is_no_code() -> None:
    assert seen("") == UnknownCode(why=Why.EMPTY)


@pytest.mark.parametrize("written", ["EAN-13", "EAN13", "ean_13"])
def test_a_number_is_known_however_the_library_writes_its_symbology(written: str) -> None:
    expected = LoyaltyNumber(symbology="EAN-13", number="2912345678906")
    assert seen("2912345678906", written) == expected


@pytest.mark.parametrize(
    ("symbology", "number"),
    [("EAN-8", "23456785"), ("UPC-A", "412345678903"), ("Code 128", "K123456789")],
)
def test_numbers_of_each_symbology(symbology: Symbology, number: str) -> None:
    assert seen(number, symbology) == LoyaltyNumber(symbology=symbology, number=number)


@pytest.mark.parametrize(
    ("symbology", "number"),
    [("EAN-13", "4006381333931"), ("EAN-8", "73513537"), ("UPC-A", "036000291452")],
)
def test_check_digits_are_those_of_real_articles(symbology: Symbology, number: str) -> None:
    rule = NumberRule(symbology=symbology, prefix=number[:2], length=len(number))
    expected = LoyaltyNumber(symbology=symbology, number=number)
    assert read(symbology, number, (rule,), at(SHOWN_S)) == expected


@pytest.mark.parametrize(
    ("rule", "symbology", "text"),
    [
        ("UPC-A", "EAN-13", "0412345678903"),
        ("UPC-A", "UPC-A", "412345678903"),
        ("EAN-13", "UPC-A", "412345678903"),
        ("EAN-13", "EAN-13", "0412345678903"),
    ],
)
def test_a_upc_a_is_an_ean_13_with_a_zero_before_it(
    rule: Symbology, symbology: str, text: str
) -> None:
    number = "412345678903" if rule == "UPC-A" else "0412345678903"
    rules = (NumberRule(symbology=rule, prefix=number[:2], length=len(number)),)
    expected = LoyaltyNumber(symbology=rule, number=number)
    assert read(symbology, text, rules, at(SHOWN_S)) == expected


def test_an_ean_13_that_begins_otherwise_is_no_upc_a() -> None:
    rules = (NumberRule(symbology="UPC-A", prefix="4", length=12),)
    assert read("EAN-13", "2412345678907", rules, at(0)) == UnknownCode(why=Why.NOT_OURS)


@pytest.mark.parametrize(
    ("symbology", "text", "why"),
    [
        ("EAN-13", "2912345678907", Why.CHECK_DIGIT),
        ("EAN-13", "29123456789X1", Why.CHARSET),
        ("EAN-13", "0000000000000", Why.ZEROS),
        ("EAN-13", "4006381333931", Why.NOT_OURS),
        ("EAN-13", "29123456789", Why.NOT_OURS),
        ("EAN-8", "23456786", Why.CHECK_DIGIT),
        ("Code 128", "K12345678", Why.NOT_OURS),
        ("Code 128", "X123456789", Why.NOT_OURS),
        ("Code 128", "K1234 6789", Why.CHARSET),
        ("Code 128", "0000000000", Why.ZEROS),
        ("QR Code", "2912345678906", Why.NOT_OURS),
    ],
)
def test_other_barcodes_are_ignored(symbology: str, text: str, why: Why) -> None:
    assert seen(text, symbology) == UnknownCode(why=why)


@pytest.mark.parametrize(
    ("symbology", "prefix", "length", "said"),
    [
        ("EAN-13", "29", 12, "length is 12; EAN-13 has 13 digits"),
        ("EAN-13", "", 13, "prefix is ''; write one or more digits"),
        ("EAN-13", "2A", 13, "prefix is '2A'; write one or more digits"),
        ("Code 128", "K ", 9, "prefix is 'K '; write one or more letters and digits"),
        ("Code 128", "K12", 3, "length is 3; write more than the 3 characters"),
        ("Code 128", "K", 41, "at most 40"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(
    symbology: Symbology, prefix: str, length: int, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        NumberRule(symbology=symbology, prefix=prefix, length=length)


@given(st.integers(0, 10**10 - 1), st.integers(0, 12), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(number: int, place: int, change: int) -> None:
    rules = tuple(NumberRule(symbology="EAN-13", prefix=str(n), length=13) for n in range(10))
    body = f"29{number:010d}"
    good = [
        text
        for check in range(10)
        if isinstance(read("EAN-13", text := f"{body}{check}", rules, at(0)), LoyaltyNumber)
    ]
    assert len(good) == 1
    wrong = str((int(good[0][place]) + change) % 10)
    spoilt = good[0][:place] + wrong + good[0][place + 1 :]
    assert read("EAN-13", spoilt, rules, at(0)) == UnknownCode(why=Why.CHECK_DIGIT)


@given(st.sampled_from([*GTIN_DIGITS, "Code 128", "QR Code", ""]), st.text(max_size=600))
def test_nothing_that_is_held_up_makes_it_raise(symbology: str, text: str) -> None:
    for candidate in (text, f"SB1.{text}", f"29{text}"):
        result = seen(candidate, symbology)
        assert isinstance(result, PassCode | StalePass | LoyaltyNumber | UnknownCode)
