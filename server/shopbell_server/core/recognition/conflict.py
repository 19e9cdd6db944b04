"""The same person in two stores at once: one of the two is somebody who repeats what she sends.

Owns: when two visits contradict each other, and which of them is not shown for that.
Never: what is read for it (`usecases.visits.doubts`), or a memory: all of it follows from what is stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, ceil, cos, radians, sin, sqrt
from typing import TYPE_CHECKING, Final

from shopbell_server.core.evidence import Evidence
from shopbell_server.core.ids import Millis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.registry import Position, Store
    from shopbell_server.core.visits.stored import Visit

AT_ONCE_MS: Final = 120_000
"""In two stores within so long is at once, however near they are (signals, §4). So long may a recording of
the freshest frame be repeated."""

HIDDEN_MS: Final = 60 * 60_000
"""So long the weaker of two is not shown after they last contradicted each other (signals, §4)."""

FASTEST_KM_H: Final = 100.0
"""Nobody travels faster from one store to the next (signals, §4)."""

LONGEST_MS: Final = 3 * 60 * 60_000
"""After so long speed says nothing any more: beyond 300 km there are aeroplanes and fast trains."""

_EARTH_KM: Final = 6_371.0
_MS_PER_H: Final = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A visit, and when exactly she was heard in it: spans, each from its first moment to its last."""

    visit: Visit
    spans: Sequence[tuple[Millis, Millis]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Two visits that cannot both be hers. `at_ms` is when they last contradicted each other."""

    one: Visit
    other: Visit
    at_ms: Millis

    @property
    def hidden(self) -> tuple[Visit, ...]:
        """Return which of the two are not shown: the weaker one; of equal ones both.

        Anything else would be a guess. A pass is never hidden: no recording of it is worth anything. What an
        app alone says is weaker than what an edge of ours noticed: it can be said from anywhere.
        """
        return tuple(
            mine
            for mine, theirs in ((self.one, self.other), (self.other, self.one))
            if mine.session.evidence < Evidence.PASS and _strength(mine) <= _strength(theirs)
        )

    @property
    def until_ms(self) -> Millis:
        """Return until when they are not shown, if nothing more is heard."""
        return Millis(self.at_ms + HIDDEN_MS)


def conflict(one: Trace, other: Trace, stores: tuple[Store, Store]) -> Conflict | None:
    """Return the conflict of two visits of one person in two `stores`; None: both may be true.

    The order of the two does not matter. Only what would be shown counts: a token that was heard once by
    chance contradicts nobody.
    """
    if one.visit.session.shown is None or other.visit.session.shown is None:
        return None
    apart_ms = least_apart_ms(*stores)
    at_ms = max(
        (
            max(min(b_last, a_last + apart_ms), min(a_last, b_last + apart_ms))
            for a_first, a_last in one.spans
            for b_first, b_last in other.spans
            if b_first - a_last <= apart_ms and a_first - b_last <= apart_ms
        ),
        default=None,
    )
    if at_ms is None:
        return None
    first, second = sorted((one.visit, other.visit), key=lambda each: each.id)
    return Conflict(one=first, other=second, at_ms=Millis(at_ms))


def _strength(visit: Visit) -> tuple[Evidence, bool]:
    return visit.session.evidence, bool(visit.session.scanners)


def least_apart_ms(one: Store, other: Store) -> int:
    """Return up to which silence between them nobody can have been in both stores.

    Of stores that do not say where they are, only that nobody is in both at once.
    """
    if one.position is None or other.position is None:
        return AT_ONCE_MS
    way_ms = ceil(distance_km(one.position, other.position) / FASTEST_KM_H * _MS_PER_H) - 1
    return max(AT_ONCE_MS, min(way_ms, LONGEST_MS))


def distance_km(one: Position, other: Position) -> float:
    """Return the distance along the surface, as on a globe: half a per cent off at the most."""
    lat_one, lat_other = radians(one.latitude), radians(other.latitude)
    d_lat = lat_other - lat_one
    d_lon = radians(other.longitude - one.longitude)
    part = sin(d_lat / 2) ** 2 + cos(lat_one) * cos(lat_other) * sin(d_lon / 2) ** 2
    return 2 * _EARTH_KM * asin(sqrt(min(1.0, part)))
