from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given

from shopbell_server.core.visits.stretches import Stretch, length_ms, moment_of, spans_of, union
from tests.server.core.stays import DEMO, at, heard, reports

if TYPE_CHECKING:
    from shopbell_server.core.evidence import Interval

SPANS = spans_of([heard(0, 10), heard(5, 20, scanner="till"), heard(30, 40)])


def test_overlapping_intervals_cover_time_once() -> None:
    assert union(SPANS, 0) == (Stretch(at(0), at(20)), Stretch(at(30), at(40)))
    assert length_ms(union(SPANS, 0)) == 30


def test_a_short_silence_counts_as_covered() -> None:
    assert union(SPANS, 10) == (Stretch(at(0), at(40)),)
    assert union(SPANS, 9) == union(SPANS, 0)


def test_the_moment_at_which_it_had_lasted_long_enough() -> None:
    covered = union(SPANS, 0)
    assert moment_of(covered, 0) == at(0)
    assert moment_of(covered, 20) == at(20)
    assert moment_of(covered, 25) == at(35)
    assert moment_of(covered, 31) is None


@given(reports)
def test_more_intervals_never_cover_less(said: list[Interval]) -> None:
    for bridge_ms in (0, DEMO.left_shown_ms, DEMO.off_board_ms):
        fewer = length_ms(union(sorted(spans_of(said[:-1])), bridge_ms))
        assert length_ms(union(sorted(spans_of(said)), bridge_ms)) >= fewer
