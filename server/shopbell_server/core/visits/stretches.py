"""Stretches of time: what several intervals cover together.

Owns: unions of closed stretches, and how long they are.
Never: what the stretches mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shopbell_server.core.ids import Millis

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shopbell_server.core.evidence import Interval


class Stretch(NamedTuple):
    """From `first_ms` to `last_ms`, both included."""

    first_ms: Millis
    last_ms: Millis


Span = tuple[Millis, Millis]
"""A stretch that is not looked at by name: first and last, both included."""


def spans_of(intervals: Iterable[Interval]) -> list[Span]:
    """Return from when to when each of the intervals, which are in order of time, is."""
    return [(each.key.first_ms, each.last_ms) for each in intervals]


def union(spans: Sequence[Span], bridge_ms: int) -> tuple[Stretch, ...]:
    """Return what `spans`, in order of their beginnings, cover; silences up to `bridge_ms` count as covered.

    Monotone: more spans never cover less.
    """
    if not spans:
        return ()
    covered: list[Stretch] = []
    first_ms, last_ms = spans[0]
    for from_ms, to_ms in spans:
        if from_ms - last_ms > bridge_ms:
            covered.append(Stretch(first_ms, last_ms))
            first_ms, last_ms = from_ms, to_ms
        elif to_ms > last_ms:
            last_ms = to_ms
    covered.append(Stretch(first_ms, last_ms))
    return tuple(covered)


def length_ms(stretches: Iterable[Stretch]) -> int:
    """Return how long the stretches, which must lie apart, are together."""
    return sum([last_ms - first_ms for first_ms, last_ms in stretches])


def moment_of(stretches: Sequence[Stretch], length: int) -> Millis | None:
    """Return the moment at which they had lasted `length` milliseconds together; None if never."""
    missing = length
    for stretch in stretches:
        lasted = stretch.last_ms - stretch.first_ms
        if lasted >= missing:
            return Millis(stretch.first_ms + missing)
        missing -= lasted
    return None
