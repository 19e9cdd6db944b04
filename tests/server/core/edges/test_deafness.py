from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.edges.deafness import (
    Deaf,
    Ear,
    changed,
    coverage,
    deafness_of,
    ear_of,
    ears_of,
    unheard_for,
)
from shopbell_server.core.ids import EdgeId, Millis
from tests.server.core.stays import NOON, at, felt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.edges.deafness import Mark

END = 40
moments = st.integers(0, END)
small_marks = st.lists(
    st.builds(felt, st.sampled_from(("hearing", "blind", "suspect")), moments),
    min_size=1,
    max_size=8,
)


def spans(*marks: Mark) -> list[tuple[int, int | None]]:
    return [
        (from_ms - NOON, None if to_ms is None else to_ms - NOON)
        for from_ms, to_ms in ear_of(marks).deaf
    ]


def deaf(*spans: tuple[int, int | None]) -> tuple[Deaf, ...]:
    return tuple(Deaf(at(a), None if b is None else at(b)) for a, b in spans)


def is_deaf(ear: Ear, ms: int) -> bool:
    return any(span.covers(at(ms)) for span in ear.deaf)


def test_deafness_lasts_until_the_scanner_says_that_it_hears() -> None:
    assert spans(felt("hearing", 0), felt("blind", 5), felt("hearing", 9)) == [(5, 9)]
    assert spans(felt("blind", 5)) == [(5, None)]
    assert spans(felt("hearing", 5)) == []


def test_a_scanner_that_is_not_to_hear_is_not_deaf() -> None:
    closed = felt("blind", 7)._replace(reason="closed")
    assert spans(felt("hearing", 0), closed, felt("hearing", 20)) == []
    assert spans(felt("blind", 5), closed, felt("hearing", 20)) == [(5, 7)]


def test_a_scanner_that_may_not_hear_is_deaf_and_stays_so_whatever_it_calls_it() -> None:
    assert spans(felt("suspect", 5), felt("blind", 7), felt("hearing", 9)) == [(5, 9)]


def test_an_edge_that_starts_anew_says_that_it_cannot_hear_yet() -> None:
    again = felt("blind", 7, reason="starting")
    assert spans(felt("blind", 5), again, felt("hearing", 9)) == [(5, 9)]


def test_a_scanner_that_fell_silent_at_once_never_heard() -> None:
    assert spans(felt("hearing", 5), felt("blind", 5)) == [(5, None)]
    assert spans(felt("blind", 3), felt("hearing", 5), felt("blind", 5)) == [(3, None)]


@given(small_marks, st.data())
def test_order_and_repetition_change_no_span(marks: list[Mark], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(marks)))
    assert ear_of(data.draw(st.permutations([*marks, *again]))) == ear_of(marks)


@given(small_marks)
def test_a_scanner_is_deaf_where_the_last_word_before_says_so(marks: list[Mark]) -> None:
    ear = ear_of(marks)
    assert ear.known_ms == min(each.at_ms for each in marks)
    for ms in range(END + 2):
        said = [each for each in marks if each.at_ms <= at(ms)]
        last = [each for each in said if each.at_ms == max(one.at_ms for one in said)]
        assert is_deaf(ear, ms) == any(each.state != "hearing" for each in last)


def test_every_scanner_has_its_own() -> None:
    ears = ears_of([felt("blind", 1), felt("hearing", 1, scanner="till")])
    assert ears == {
        (EdgeId("pi"), "door"): Ear(at(1), deaf((1, None))),
        (EdgeId("pi"), "till"): Ear(at(1), ()),
    }
    assert deafness_of(ears) == {(EdgeId("pi"), "door"): deaf((1, None))}


@pytest.mark.parametrize(
    ("spans", "unheard_ms"),
    [
        ((), 110),
        (((120, 130),), 110),
        (((90, 95),), 110),
        (((110, 130),), 110),
        (((105, 107),), 112),
        (((90, 102),), 112),
        (((101, 103), (104, 106)), 114),
        (((105, None),), 130),
        (((105, 300),), 130),
        (((101, 111), (112, 200)), 130),
    ],
)
def test_silence_counts_while_somebody_listens(
    spans: tuple[tuple[int, int | None], ...], unheard_ms: int
) -> None:
    assert unheard_for(deaf(*spans), at(100), 10, 20) == at(unheard_ms)


@given(small_marks, moments, st.integers(1, 20), st.integers(0, 20))
def test_the_clock_stands_still_as_long_as_it_may(
    marks: list[Mark], since: int, length: int, most: int
) -> None:
    ear = ear_of(marks)
    ms, heard, held = since, 0, 0
    while heard < length:
        if is_deaf(ear, ms) and held < most:
            held += 1
        else:
            heard += 1
        ms += 1
    assert unheard_for(ear.deaf, at(since), length, most) == at(ms)


@given(small_marks, small_marks)
def test_what_changed_is_where_the_two_differ(one: list[Mark], other: list[Mark]) -> None:
    before, after = ear_of(one), ear_of([*one, *other])
    differing = [ms for ms in range(END + 5) if is_deaf(before, ms) != is_deaf(after, ms)]
    change = changed(before.deaf, after.deaf)
    if not differing:
        assert change is None
        return
    assert change is not None
    assert change.from_ms == at(differing[0])
    if change.to_ms is None:
        assert differing[-1] == END + 4
    else:
        assert change.to_ms == at(differing[-1] + 1)


@given(st.lists(small_marks, max_size=3), moments, moments)
def test_coverage_is_the_share_of_the_known_time_in_which_one_could_hear(
    scanners: Sequence[list[Mark]], one: int, other: int
) -> None:
    ears = [ear_of(marks) for marks in scanners]
    begin, end = min(one, other), max(one, other)
    known = heard = 0
    for ms in range(begin, end if end > begin else end + 1):
        knowing = [ear for ear in ears if ear.known_ms <= at(ms)]
        known += bool(knowing)
        heard += any(not is_deaf(ear, ms) for ear in knowing)
    expected = heard / known if known else None
    assert coverage(ears, at(begin), at(end)) == expected


def test_nothing_is_known_of_a_scanner_that_never_said_anything() -> None:
    assert coverage([], Millis(0), Millis(10)) is None
