from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.edges.gaps import OPEN_MS, OpenGap, open_gaps, watched
from shopbell_server.core.edges.stream_ranges import with_seqs
from shopbell_server.core.ids import EdgeId, Millis

DOOR = (EdgeId("door"), "s1")
TILL = (EdgeId("till"), "s2")
NOW = Millis(1_795_262_400_000)


def later(ms: int) -> Millis:
    return Millis(NOW + ms)


def test_a_stream_without_holes_is_no_gap() -> None:
    assert watched({}, {DOOR: ((1, 9),)}, NOW) == {}


def test_a_gap_is_told_once_it_has_stayed_open() -> None:
    gaps = watched({}, {DOOR: ((1, 4), (6, 9))}, NOW)
    assert open_gaps(gaps, later(OPEN_MS - 1)) == ()
    assert open_gaps(gaps, later(OPEN_MS)) == (
        OpenGap(edge=EdgeId("door"), stream="s1", batches=1),
    )


def test_a_gap_that_shrinks_keeps_its_age() -> None:
    gaps = watched({}, {DOOR: ((1, 1), (6, 9))}, NOW)
    gaps = watched(gaps, {DOOR: ((1, 1), (4, 9))}, later(60_000))
    assert gaps[DOOR].since_ms == NOW
    (told,) = open_gaps(gaps, later(OPEN_MS))
    assert told.batches == 2


def test_a_gap_at_another_place_is_a_new_one() -> None:
    gaps = watched({}, {DOOR: ((1, 1), (3, 9))}, NOW)
    gaps = watched(gaps, {DOOR: ((1, 9), (12, 14))}, later(60_000))
    assert gaps[DOOR].since_ms == later(60_000)


def test_a_gap_stays_the_same_to_its_last_batch() -> None:
    gaps = watched({}, {DOOR: ((1, 1), (6, 9))}, NOW)
    rest = watched(gaps, {DOOR: ((1, 4), (6, 9))}, later(60_000))
    assert rest[DOOR].since_ms == NOW
    # Of two, the first may close: the other was known as long.
    two = watched({}, {DOOR: ((1, 1), (3, 5), (7, 9))}, NOW)
    assert watched(two, {DOOR: ((1, 5), (7, 9))}, later(60_000))[DOOR].since_ms == NOW


def test_a_gap_may_take_five_minutes() -> None:
    assert OPEN_MS == 300_000


def test_a_gap_that_is_filled_is_forgotten() -> None:
    gaps = watched({}, {DOOR: ((2, 2),), TILL: ((3, 3),)}, NOW)
    gaps = watched(gaps, {DOOR: ((1, 2),), TILL: ((3, 3),)}, later(1))
    assert list(gaps) == [TILL]


@given(st.sets(st.integers(1, 60), min_size=1))
def test_what_is_told_is_what_is_missing(seqs: set[int]) -> None:
    told = open_gaps(watched({}, {DOOR: with_seqs((), seqs)}, NOW), later(OPEN_MS))
    assert sum(gap.batches for gap in told) == max(seqs) - len(seqs)
