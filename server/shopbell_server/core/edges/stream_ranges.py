"""Which batches of a stream the server has: "nothing was lost" as a number.

Owns: the set of sequence numbers of one stream, as ranges, and its text.
Never: what was in the batches, or when a gap is old enough to be told.

A stream without loss is one range, however long: "1-48210".
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Ranges = tuple[tuple[int, int], ...]
"""Inclusive, in order, neither touching nor overlapping; sequence numbers begin at 1."""


class MalformedRangesError(ValueError):
    """The stored text is not what `to_text` writes: it was changed by something else."""


def with_seqs(ranges: Ranges, seqs: Iterable[int]) -> Ranges:
    """Return `ranges` with `seqs` in it, in whatever order and however often they come."""
    for seq in sorted(set(seqs)):
        ranges = _with(ranges, seq, seq)
    return ranges


def united(one: Ranges, other: Ranges) -> Ranges:
    """Return what is in either; commutative, associative, idempotent."""
    for first, last in other:
        one = _with(one, first, last)
    return one


def missing(ranges: Ranges, upto: int = 0) -> Ranges:
    """Return the gaps: what is not there from 1 to the last that is, or to `upto` if that is more.

    `upto` is what an edge says it sent last, when its next stream starts.
    """
    gaps = []
    wanted = 1
    for first, last in ranges:
        if wanted < first:
            gaps.append((wanted, first - 1))
        wanted = last + 1
    if wanted <= upto:
        gaps.append((wanted, upto))
    return tuple(gaps)


def count(ranges: Ranges) -> int:
    """Return how many sequence numbers `ranges` holds."""
    return sum(last - first + 1 for first, last in ranges)


def to_text(ranges: Ranges) -> str:
    """Return `ranges` as text: "1-7,9,12-40"; "" for none. ASCII, the same for equal ranges."""
    return ",".join(f"{first}" if first == last else f"{first}-{last}" for first, last in ranges)


def from_text(text: str) -> Ranges:
    """Return the ranges that `to_text` wrote, or raise MalformedRangesError."""
    if not text:
        return ()
    ranges: list[tuple[int, int]] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        try:
            ranges.append((int(first), int(last or first)))
        except ValueError as error:
            raise MalformedRangesError(f"not a range of sequence numbers: {part!r}") from error
    made = tuple(ranges)
    # Writing it again shows at once whether order, distance and spelling are ours.
    if to_text(united((), made)) != text:
        raise MalformedRangesError("ranges of sequence numbers overlap, touch or are out of order")
    return made


def _with(ranges: Ranges, first: int, last: int) -> Ranges:
    """Return `ranges` with `first` to `last`: everything that it touches becomes one range."""
    if not 1 <= first <= last:
        raise MalformedRangesError(f"sequence numbers rise from 1, not {first} to {last}")
    begin = bisect_left(ranges, first - 1, key=_last)
    end = bisect_right(ranges, last + 1, key=_first)
    if begin < end:
        first = min(first, ranges[begin][0])
        last = max(last, ranges[end - 1][1])
    return (*ranges[:begin], (first, last), *ranges[end:])


def _first(of: tuple[int, int]) -> int:
    return of[0]


def _last(of: tuple[int, int]) -> int:
    return of[1]
