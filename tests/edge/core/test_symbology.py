from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.codes import UnknownCode, Why
from shopbell_edge.core.symbology import identified

PASS = "SB1.K7Q2M9X4TR3WA.1795262820.48775424"


@pytest.mark.parametrize(
    ("line", "symbology", "text"),
    [
        (f"]Q3{PASS}", "QR Code", PASS),
        ("]Q12900000000018", "QR Code", "2900000000018"),
        ("]E02900000000018", "EAN-13", "2900000000018"),
        ("]E0412345678903", "UPC-A", "412345678903"),
        ("]E3290000000001812", "EAN-13", "290000000001812"),
        ("]E423456785", "EAN-8", "23456785"),
        ("]C0K123456789", "Code 128", "K123456789"),
        ("]C00412345678903", "Code 128", "0412345678903"),
        ("]A0K123456789", "Code 39", "K123456789"),
        ("]d1abc", "Data Matrix", "abc"),
        ("]e0010952110153000317", "DataBar", "010952110153000317"),
        ("]X0abc", "other", "abc"),
        ("]C0", "Code 128", ""),
    ],
)
def test_a_scanner_that_says_the_symbology_is_believed(
    line: str, symbology: str, text: str
) -> None:
    assert identified(line, "optional") == (symbology, text)
    assert identified(line, "required") == (symbology, text)


@pytest.mark.parametrize(
    ("text", "symbology"),
    [
        (PASS, "QR Code"),
        ("2912345678906", "EAN-13"),
        ("2912345678907", "Code 128"),
        ("23456785", "EAN-8"),
        ("412345678903", "UPC-A"),
        ("K123456789", "Code 128"),
        ("29123456789X6", "Code 128"),
        ("]", "Code 128"),
        ("]C", "Code 128"),
        ("]-0abc", "Code 128"),
    ],
)
def test_without_a_word_of_the_scanner_the_shape_decides(text: str, symbology: str) -> None:
    assert identified(text, "optional") == (symbology, text)


def test_a_scanner_that_should_say_it_and_does_not_is_noticed() -> None:
    assert identified("2912345678906", "required") == UnknownCode(why=Why.NO_IDENTIFIER)


@given(st.text(max_size=40))
def test_nothing_of_a_text_is_lost(line: str) -> None:
    found = identified(line, "optional")
    assert not isinstance(found, UnknownCode)
    symbology, text = found
    assert symbology
    assert text == line or (line[0] == "]" and text == line[3:])
