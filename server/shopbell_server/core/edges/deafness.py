"""When scanners could not hear, by what they said of themselves.

Owns: spans of deafness, what counts as silence in spite of them, and the share of a time that was heard.
Never: whom that holds present or whose visit goes on (`sessions`).

What is kept is what was said: from a moment on, a scanner was in a state, until it says otherwise. A set of
such marks has neither order nor repetition, so that late, repeated and re-batched events give the same spans.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from shopbell_server.core.ids import EdgeId, Millis

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from shopbell_wire.messages import Hearing

CLOSED: Final = "closed"
"""The reason of a radio that an edge does not let hear outside opening hours."""

Scanner = tuple[EdgeId, str]
"""A scanner by its edge and its name there."""


class Mark(NamedTuple):
    """That a scanner is in `state` from `at_ms` on."""

    edge: EdgeId
    scanner: str
    at_ms: Millis
    state: Hearing
    reason: str


class Deaf(NamedTuple):
    """Could not hear from `from_ms` until before `to_ms`; None: as far as is known, it cannot yet."""

    from_ms: Millis
    to_ms: Millis | None

    def covers(self, at_ms: int) -> bool:
        """Return whether it could not hear at that moment."""
        return self.from_ms <= at_ms and (self.to_ms is None or at_ms < self.to_ms)


class Ear(NamedTuple):
    """What is known of a scanner: nothing before `known_ms`; then it heard, but for `deaf`, oldest first."""

    known_ms: Millis
    deaf: tuple[Deaf, ...]


def ear_of(marks: Iterable[Mark]) -> Ear:
    """Return what `marks` of one scanner, at least one, say together, in whatever order.

    "suspect" is deaf: an edge waits with its own timers in both. Where two marks are of one moment, deafness
    came second: a scanner that says that it hears and then nothing is deaf from then on. One that sleeps
    while the store is closed is not: its edge has told who left.
    """
    said = {(each.at_ms, each.state != "hearing" and each.reason != CLOSED) for each in marks}
    told = sorted(said)  # False first: of one moment the last is deaf if any is
    spans: list[Deaf] = []
    since_ms: Millis | None = None
    for at_ms, is_deaf in told:
        if is_deaf and since_ms is None:
            since_ms = at_ms
        elif not is_deaf and since_ms is not None and (at_ms, True) not in said:
            spans.append(Deaf(since_ms, at_ms))
            since_ms = None
    if since_ms is not None:
        spans.append(Deaf(since_ms, None))
    return Ear(told[0][0], tuple(spans))


def ears_of(marks: Iterable[Mark]) -> dict[Scanner, Ear]:
    """Return the same of every scanner that has a mark."""
    by_scanner: dict[Scanner, list[Mark]] = {}
    for each in marks:
        by_scanner.setdefault((each.edge, each.scanner), []).append(each)
    return {scanner: ear_of(its) for scanner, its in by_scanner.items()}


def deafness_of(ears: Mapping[Scanner, Ear]) -> dict[Scanner, tuple[Deaf, ...]]:
    """Return the spans of those scanners that have any."""
    return {scanner: ear.deaf for scanner, ear in ears.items() if ear.deaf}


def unheard_for(deaf: Sequence[Deaf], since_ms: Millis, length_ms: int, most_ms: int) -> Millis:
    """Return when somebody heard until `since_ms` has been unheard for `length_ms`.

    The clock stands still while the scanner is `deaf` (oldest first, apart), but for `most_ms` in all: who is
    deaf for ever holds nobody for ever. The more deafness, the later; never before it would be without.
    """
    at_ms, left_ms, spare_ms = since_ms, length_ms, most_ms
    for from_ms, to_ms in deaf:
        if to_ms is not None and to_ms <= at_ms:
            continue
        begins_ms = max(from_ms, at_ms)
        if begins_ms - at_ms >= left_ms:
            break
        left_ms -= begins_ms - at_ms
        if to_ms is None or to_ms - begins_ms >= spare_ms:
            return Millis(begins_ms + spare_ms + left_ms)
        spare_ms -= to_ms - begins_ms
        at_ms = to_ms
    return Millis(at_ms + left_ms)


def changed(before: Sequence[Deaf], after: Sequence[Deaf]) -> Deaf | None:
    """Return the time in which the two differ, from the first moment to the last; None if they do not."""
    moments = sorted(
        {ms for from_ms, to_ms in (*before, *after) for ms in (from_ms, to_ms) if ms is not None}
    )
    differing = [
        number
        for number, ms in enumerate(moments)
        if any(each.covers(ms) for each in before) != any(each.covers(ms) for each in after)
    ]
    if not differing:
        return None
    last = differing[-1] + 1
    return Deaf(moments[differing[0]], moments[last] if last < len(moments) else None)


def coverage(ears: Collection[Ear], from_ms: Millis, to_ms: Millis) -> float | None:
    """Return the share of [from_ms, to_ms] in which one of the scanners at least could hear.

    Of the time in which that is known of any; None if there is none.
    """
    known = [each for each in ears if each.known_ms <= to_ms]
    if from_ms == to_ms:
        return float(any(_hears(each, from_ms) for each in known)) if known else None
    turns = {ms for each in known for span in each.deaf for ms in span if ms is not None}
    turns |= {each.known_ms for each in known}
    moments = sorted({from_ms, to_ms, *(ms for ms in turns if from_ms < ms < to_ms)})
    known_ms = heard_ms = 0
    for at_ms, next_ms in pairwise(moments):
        by_then = [each for each in known if each.known_ms <= at_ms]
        if by_then:
            known_ms += next_ms - at_ms
            heard_ms += any(_hears(each, at_ms) for each in by_then) * (next_ms - at_ms)
    return heard_ms / known_ms if known_ms else None


def _hears(ear: Ear, at_ms: Millis) -> bool:
    return not any(each.covers(at_ms) for each in ear.deaf)
