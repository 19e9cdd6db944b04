"""What is wrong with the areas of a level: nothing in them, beside the level, over one another.

Owns: the geometry of it, and the words that say what to do.
Never: files, or whether somebody can walk there (`ways`).
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from shopbell_sim.core.site.shapes import Point, crosses, inside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shopbell_sim.core.site.shapes import Zone

LARGEST_M2: Final = 10_000.0
"""Of a level. Ways are worked out on cells of half a metre, goal by goal: three customers on 100 by 100 m
take 20 s of a core, on 140 by 140 m more than half a minute; 500 by 500 m does not end in a minute."""

SLACK_M: Final = 0.01
"""Sums of what was written with decimals."""

GRAIN_M: Final = 0.5
"""Zones that share less than this were drawn with a thick pen."""


def flaw_of(outline: Sequence[Point], width_m: float, depth_m: float) -> str | None:
    """Return what is wrong with an outline on a level of that size; None if nothing is."""
    if max(each.x for each in outline) > width_m + SLACK_M or (
        max(each.y for each in outline) > depth_m + SLACK_M
    ):
        return f"reaches beyond its level, which is {width_m:g} by {depth_m:g} m"
    sides = list(zip(outline, (*outline[1:], outline[0]), strict=True))
    if any(crosses(*one, *other) for one, other in itertools.combinations(sides, 2)):
        return "crosses itself: write its corners once round"
    return "is empty: give it a width and a depth" if _area_m2(outline) < SLACK_M**2 else None


def overlapping(zones: Sequence[Zone]) -> Iterator[tuple[Zone, Zone]]:
    """Yield the zones of a level that lie over one another by more than `GRAIN_M`."""
    for one, other in itertools.combinations(zones, 2):
        if any(
            inside(one.outline, each) and inside(other.outline, each)
            for each in _shared(one, other)
        ):
            yield one, other


def _area_m2(outline: Sequence[Point]) -> float:
    """Return what an outline that does not cross itself goes round."""
    turns = zip(outline, (*outline[1:], outline[0]), strict=True)
    return abs(sum(a.x * b.y - b.x * a.y for a, b in turns)) / 2


def _shared(one: Zone, other: Zone) -> Iterator[Point]:
    """Yield points, `GRAIN_M` apart, of the box that the boxes of both share."""
    (left, right), (top, bottom) = (
        (
            max(min(each) for each in both),
            min(max(each) for each in both),
        )
        for both in (
            [[corner.x for corner in zone.outline] for zone in (one, other)],
            [[corner.y for corner in zone.outline] for zone in (one, other)],
        )
    )
    for across in range(int(max(right - left, 0) / GRAIN_M)):
        for along in range(int(max(bottom - top, 0) / GRAIN_M)):
            yield Point(left + (across + 0.5) * GRAIN_M, top + (along + 0.5) * GRAIN_M)
