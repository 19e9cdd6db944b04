from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.codes import UnknownCode, Why
from shopbell_edge.core.scanned_line import TORN, ScannedLine

CUT, CHARSET, TOO_LONG = (UnknownCode(why=why) for why in (Why.CUT, Why.CHARSET, Why.TOO_LONG))

PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=40)
ENDS = st.sampled_from(["\r", "\n", "\r\n"])


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\n\r", "\r\r\n"])
def test_a_line_ends_once_however_a_scanner_ends_it(end: str) -> None:
    line = ScannedLine()
    assert line.take(f"one{end}two{end}") == ["one", "two"]
    assert not line.begun


@pytest.mark.parametrize(
    "character", ["\x00", "\x03", "\x0f", "\x1b", "\x1d", "\t", "\x7f", "é", "\uff11"]
)
def test_a_character_that_is_not_printable_ascii_spoils_its_line_and_no_other(
    character: str,
) -> None:
    line = ScannedLine()
    assert line.take(f"12{character}34\rnext\r") == [CHARSET, "next"]


def test_a_line_of_which_something_was_lost_on_the_way_is_cut() -> None:
    assert ScannedLine().take(f"12{TORN}34\rnext\r") == [CUT, "next"]


def test_512_characters_are_a_line_and_513_are_none() -> None:
    line = ScannedLine()
    assert line.take("x" * 512 + "\r") == ["x" * 512]
    assert line.take("x" * 513 + "\rnext\r") == [TOO_LONG, "next"]


def test_half_a_scan_and_the_whole_one_after_it_are_both_refused() -> None:
    line = ScannedLine()
    assert line.take("SB1.K7Q2") == []
    assert line.begun
    assert line.silence() == CUT
    assert line.take("SB1.K7Q2M9X4TR3WA.1795262820.48775424\r") == [CUT]
    assert line.take("next\r") == ["next"]


def test_scans_that_never_end_are_refused_one_by_one() -> None:
    line = ScannedLine()
    for _ in range(3):
        assert line.take("2900000000018") == []
        assert line.silence() == CUT


def test_an_end_alone_mends_a_line_that_was_cut() -> None:
    line = ScannedLine()
    line.take("half")
    line.silence()
    assert line.take("\rwhole\r") == ["whole"]


def test_silence_between_lines_means_nothing() -> None:
    line = ScannedLine()
    assert line.silence() is None
    line.take("one\r")
    assert line.silence() is None
    assert line.take("two\r") == ["two"]


def test_silence_tells_why_a_line_was_spoilt_before_it() -> None:
    line = ScannedLine()
    line.take("a\x1bb")
    assert line.begun
    assert line.silence() == CHARSET


@given(st.lists(st.tuples(PRINTABLE, ENDS), max_size=8), st.data())
def test_lines_are_the_same_in_whatever_pieces_they_come(
    lines: list[tuple[str, str]], data: st.DataObject
) -> None:
    stream = "".join(text + end for text, end in lines)
    line, came, at = ScannedLine(), [], 0
    while at < len(stream):
        size = data.draw(st.integers(1, len(stream) - at))
        came += line.take(stream[at : at + size])
        at += size
    assert came == [text for text, _ in lines]


@given(st.lists(st.one_of(st.none(), st.text(max_size=700)), max_size=20))
def test_whatever_comes_a_line_is_short_and_printable(noise: list[str | None]) -> None:
    line = ScannedLine()
    for piece in noise:
        came = [line.silence()] if piece is None else line.take(piece)
        for each in came:
            if isinstance(each, str):
                assert 0 < len(each) <= 512
                assert each.isascii()
                assert each.isprintable()
    line.silence()
    assert line.take("\rwhole\r") == ["whole"]
