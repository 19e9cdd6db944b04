"""Visits on a time line: of each person what is true above, what was seen below.

Owns: its rows, its hours and what was wrong then.
Never: decides what is true or seen.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from shopbell_sim.core.drawing.marks import INK, UNSEEN, box, line, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from shopbell_sim.core.day.mishaps import Outage
    from shopbell_sim.core.day.seeing import SeenVisit, SeenZone
    from shopbell_sim.core.outing.outings import InZone, Outing, Truth

ROW: Final = 34
BAR: Final = 11
AIR: Final = 3
"""Between the two bars: the line that says when her phone was on the air."""

LABEL: Final = 160
MOST_TICKS: Final = 14
TICKS_S: Final = (60, 300, 600, 1800, 3600)


class Lived(NamedTuple):
    """Somebody's outings, one at least, what is true of each, and the visits that were seen of her."""

    outings: tuple[Outing, ...]
    truths: tuple[Truth, ...]
    seen: tuple[SeenVisit, ...]

    @property
    def who(self) -> str:
        """Her name."""
        return self.outings[0].who

    @property
    def begins_s(self) -> float:
        """When she first comes into the picture."""
        return min(each.itinerary.begins_s for each in self.outings)

    @property
    def ends_s(self) -> float:
        """When she is out of it."""
        return max(each.itinerary.ends_s for each in self.outings)


class Axis(NamedTuple):
    """Time from left to right: `begin_s` at `left`, `end_s` after `width` pixels.

    `opens_min` is when second 0 is, in minutes of the day.
    """

    begin_s: float
    end_s: float
    left: float
    width: float
    opens_min: int

    def x(self, at_s: float) -> float:
        """Return where a moment is; one beyond the ends is at the end."""
        within_s = min(max(at_s, self.begin_s), self.end_s) - self.begin_s
        return self.left + within_s / (self.end_s - self.begin_s) * self.width

    def covers(self, from_s: float, until_s: float) -> bool:
        """Return whether some of that time is on it."""
        return until_s > self.begin_s and from_s < self.end_s


def timeline(
    lived: Sequence[Lived],
    colours: Mapping[str, str],
    outages: Iterable[Outage],
    corner: tuple[float, float],
    span: tuple[float, int],
) -> Iterator[str]:
    """Yield the rows from `corner` on; `span` is the width, and when second 0 is in minutes of the day."""
    left, top = corner
    axis = Axis(
        min(each.begins_s for each in lived),
        max(each.ends_s for each in lived),
        left + LABEL,
        span[0] - LABEL,
        span[1],
    )
    yield from hours(axis, outages, top - 6, top + ROW * len(lived))
    for row, each in enumerate(lived):
        y = top + ROW * row
        phone = "iPhone" if each.outings[0].handset.platform == "ios" else "Android"
        yield word(left, y + 16, f"{each.who}, {phone}", 11)
        yield from _row(each, colours, axis, y)


def hours(axis: Axis, outages: Iterable[Outage], top: float, bottom: float) -> Iterator[str]:
    """Yield the lines of the hours with their names below, and what did not hear when."""
    for each in outages:
        if axis.covers(each.from_s, each.until_s):
            left = axis.x(each.from_s)
            width = axis.x(each.until_s) - left
            yield box(left, top, width, bottom - top, 'fill="#f4d9d9"')
            what = "no power" if each.kind == "power" else f"{', '.join(each.of)} deaf"
            yield word(left + 3, top - 4, what, 12, colour="#a33333")
    for at_s in _ticks(axis.begin_s, axis.end_s):
        yield line(axis.x(at_s), top, axis.x(at_s), bottom, colour="#e3e3e3", width=1)
        yield word(axis.x(at_s) - 16, bottom + 14, _clock(axis.opens_min, at_s), 12)


def _row(each: Lived, colours: Mapping[str, str], axis: Axis, top: float) -> Iterator[str]:
    for truth in each.truths:
        for stay in truth.stays:
            changes = [one for one in truth.zones if stay.from_s <= one.from_s < stay.until_s]
            yield from _bars(axis, changes, stay.until_s, top, colours)
    for outing in each.outings:
        for air in outing.on_air:
            yield _bar(axis, (air.from_s, air.until_s), top + BAR + 1, AIR - 2, INK)
    for visit in each.seen:
        if axis.covers(visit.from_s, visit.until_s):
            yield from _bars(axis, visit.zones, visit.until_s, top + BAR + AIR, colours)


def _bars(
    axis: Axis,
    changes: Sequence[InZone | SeenZone],
    until_s: float,
    top: float,
    colours: Mapping[str, str],
) -> Iterator[str]:
    ends = [*(one.from_s for one in changes[1:]), until_s]
    for change, end_s in zip(changes, ends, strict=True):
        if axis.covers(change.from_s, end_s):
            colour = colours.get(change.zone or "", UNSEEN)
            yield _bar(axis, (change.from_s, end_s), top, BAR, colour)


def _bar(axis: Axis, span: tuple[float, float], top: float, height: float, colour: str) -> str:
    left = axis.x(span[0])
    return box(left, top, axis.x(span[1]) - left, height, f'fill="{colour}"')


def _ticks(begin_s: float, end_s: float) -> list[float]:
    step_s = next(
        (each for each in TICKS_S if (end_s - begin_s) / each <= MOST_TICKS), 2 * TICKS_S[-1]
    )
    first = math.ceil(begin_s / step_s)
    return [float(each * step_s) for each in range(first, math.floor(end_s / step_s) + 1)]


def _clock(opens_min: int, at_s: float) -> str:
    whole = (opens_min + math.floor(at_s / 60)) % 1440
    return f"{whole // 60:02d}:{whole % 60:02d}"
