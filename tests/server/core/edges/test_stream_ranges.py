from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.edges.stream_ranges import (
    MalformedRangesError,
    Ranges,
    count,
    from_text,
    missing,
    to_text,
    united,
    with_seqs,
)

SEQS = st.lists(st.integers(1, 40), max_size=40)


def members(ranges: Ranges) -> set[int]:
    return {seq for first, last in ranges for seq in range(first, last + 1)}


@given(SEQS.flatmap(lambda seqs: st.tuples(st.just(seqs), st.permutations(seqs))))
def test_order_and_repetition_change_nothing(both: tuple[list[int], list[int]]) -> None:
    seqs, shuffled = both
    ranges = with_seqs((), seqs)
    one_by_one: Ranges = ()
    for seq in [*shuffled, *seqs]:
        one_by_one = with_seqs(one_by_one, [seq])
    assert one_by_one == ranges


@given(SEQS)
def test_ranges_hold_what_was_put_in_and_say_what_is_missing(seqs: list[int]) -> None:
    ranges = with_seqs((), seqs)
    assert members(ranges) == set(seqs)
    assert count(ranges) == len(set(seqs))
    assert members(missing(ranges)) == set(range(1, max(seqs, default=0) + 1)) - set(seqs)
    assert all(one[1] + 1 < other[0] for one, other in itertools.pairwise(ranges))


@given(SEQS, SEQS)
def test_uniting(one: list[int], other: list[int]) -> None:
    both = with_seqs((), [*one, *other])
    assert united(with_seqs((), one), with_seqs((), other)) == both
    assert united(with_seqs((), other), with_seqs((), one)) == both


@given(SEQS)
def test_text_and_back(seqs: list[int]) -> None:
    ranges = with_seqs((), seqs)
    assert from_text(to_text(ranges)) == ranges


def test_text_is_compact() -> None:
    assert to_text(with_seqs((), range(1, 48_211))) == "1-48210"
    assert to_text(with_seqs((), [9, 1, 2, 12, 13])) == "1-2,9,12-13"
    assert to_text(()) == ""


def test_what_the_edge_says_it_sent_last_counts_as_missing() -> None:
    assert missing(with_seqs((), [1, 2, 4]), upto=7) == ((3, 3), (5, 7))
    assert missing(with_seqs((), [1, 2]), upto=1) == ()
    assert missing((), upto=2) == ((1, 2),)


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "1-",
        "-4",
        "1-2-3",
        "1,2",
        "3,1",
        "1-5,4-9",
        "5-3",
        "0-2",
        " 1",
        "1-٣",
        "1-1",
        "1,",
        "1.5",
    ],
)
def test_text_of_anybody_else_is_refused(text: str) -> None:
    with pytest.raises(MalformedRangesError):
        from_text(text)


@pytest.mark.parametrize("seq", [0, -1])
def test_sequence_numbers_begin_at_one(seq: int) -> None:
    with pytest.raises(MalformedRangesError, match="rise from 1"):
        with_seqs((), [seq])
