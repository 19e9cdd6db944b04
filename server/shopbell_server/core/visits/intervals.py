"""Sets of evidence intervals: joined, cut, handed to another person.

Owns: what may be done to intervals before visits are computed from them.
Never: how one stay is joined with itself (`evidence`), nor what a visit is (`sessions`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.evidence import joined
from shopbell_server.core.ids import Millis

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shopbell_server.core.evidence import Carrier, Interval, IntervalKey
    from shopbell_server.core.ids import PersonId

ACTS: Final[frozenset[Carrier]] = frozenset({"pass", "number", "app"})
"""Carriers that say "I am here" on purpose, where radio says it by itself: a code held up, a loyalty
number read at the till, the app's own report."""

EXIT: Final[Carrier] = "app-exit"
"""The app's word that she left: neither an act nor something heard, and the end of the stay if nothing
comes after it."""

APPS: Final[frozenset[Carrier]] = frozenset({"app", EXIT})
"""What a phone says of itself over the network: no edge of ours had a part in it."""


def is_act(interval: Interval) -> bool:
    """Return whether somebody did something to be noticed."""
    return interval.key.carrier in ACTS


def gathered(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return one interval per key, reports of one stay joined, in one order whatever the input's."""
    by_key: dict[IntervalKey, Interval] = {}
    for interval in intervals:
        key = interval.key
        known = by_key.setdefault(key, interval)
        if known is not interval:
            by_key[key] = joined(known, interval)
    return tuple(sorted(by_key.values(), key=order))


def apart(intervals: Iterable[Interval]) -> tuple[list[Interval], list[Interval]]:
    """Return acts and what was heard rather than held up, each in the order given; exits are neither."""
    acts: list[Interval] = []
    radio: list[Interval] = []
    for each in intervals:
        carrier = each.key.carrier
        if carrier in ACTS:
            acts.append(each)
        elif carrier != EXIT:
            radio.append(each)
    return acts, radio


def order(interval: Interval) -> tuple[Millis, str, str, str]:
    """Sort by time; no two intervals of one person in one store are equal in it."""
    key = interval.key
    return key.first_ms, key.edge, key.scanner, key.carrier


def clipped(interval: Interval, from_ms: int, to_ms: int) -> Interval:
    """Return the part of `interval` in [from_ms, to_ms], which it must touch.

    Its sightings are taken to be spread evenly, and at least one to lie in every part.
    """
    first_ms = Millis(max(interval.key.first_ms, from_ms))
    last_ms = Millis(min(interval.last_ms, to_ms))
    if (first_ms, last_ms) == (interval.key.first_ms, interval.last_ms):
        return interval
    part = last_ms - first_ms + 1
    whole = interval.last_ms - interval.key.first_ms + 1
    return interval._replace(
        key=interval.key._replace(first_ms=first_ms),
        last_ms=last_ms,
        n=max(1, interval.n * part // whole),
    )


def truncated(intervals: Iterable[Interval], at_ms: Millis) -> tuple[Interval, ...]:
    """Return what may be kept of somebody who withdrew at `at_ms`: nothing from that moment on.

    The key of a stay that began before stays, so that the row can be replaced.
    """
    return tuple(
        clipped(interval, interval.key.first_ms, at_ms - 1)
        for interval in gathered(intervals)
        if interval.key.first_ms < at_ms
    )


def reassigned(intervals: Iterable[Interval], person: PersonId) -> tuple[Interval, ...]:
    """Return the intervals as `person`'s: two people joined, or one split off, as if always so."""
    return gathered(
        interval._replace(key=interval.key._replace(person=person)) for interval in intervals
    )
