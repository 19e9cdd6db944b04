"""Visits on a time line: of each person what is true above, what was seen below."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from shopbell_sim.core.drawing.marks import UNSEEN, box, line, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shopbell_sim.core.day.seeing import SeenVisit
    from shopbell_sim.core.outing.outings import Outing, Truth

ROW: Final = 34
BAR: Final = 12
LABEL: Final = 160
MOST_TICKS: Final = 14
TICKS_S: Final = (60, 300, 600, 1800, 3600)


class Lived(NamedTuple):
    """Somebody's outing, what is true of it, and the visits that were seen of her."""

    outing: Outing
    truth: Truth
    seen: tuple[SeenVisit, ...]


class Axis(NamedTuple):
    """Time from left to right: `begin_s` at `left`, `end_s` after `width` pixels."""

    begin_s: float
    end_s: float
    left: float
    width: float

    def x(self, at_s: float) -> float:
        """Return where a moment is; one beyond the ends is at the end."""
        within_s = min(max(at_s, self.begin_s), self.end_s) - self.begin_s
        return self.left + within_s / (self.end_s - self.begin_s) * self.width


def timeline(
    lived: Sequence[Lived],
    colours: Mapping[str, str],
    corner: tuple[float, float],
    width: float,
    opens_min: int,
) -> Iterator[str]:
    """Yield the rows from `corner` on; `opens_min` is when second 0 is, in minutes of the day."""
    left, top = corner
    axis = Axis(
        min(each.outing.itinerary.begins_s for each in lived),
        max(each.outing.itinerary.ends_s for each in lived),
        left + LABEL,
        width - LABEL,
    )
    bottom = top + ROW * len(lived)
    for at_s in _ticks(axis.begin_s, axis.end_s):
        yield line(axis.x(at_s), top - 6, axis.x(at_s), bottom, colour="#e3e3e3", width=1)
        yield word(axis.x(at_s) - 16, bottom + 14, _clock(opens_min, at_s), 12)
    for row, each in enumerate(lived):
        y = top + ROW * row
        phone = "iPhone" if each.outing.handset.platform == "ios" else "Android"
        yield word(left, y + 16, f"{each.outing.who}, {phone}", 11)
        yield from _row(each, colours, axis, y)


def _row(each: Lived, colours: Mapping[str, str], axis: Axis, top: float) -> Iterator[str]:
    for stay in each.truth.stays:
        changes = [one for one in each.truth.zones if stay.from_s <= one.from_s < stay.until_s]
        ends = [*(one.from_s for one in changes[1:]), stay.until_s]
        for change, end_s in zip(changes, ends, strict=True):
            colour = colours.get(change.zone or "", UNSEEN)
            yield _bar(axis, change.from_s, end_s, top, colour)
    for visit in each.seen:
        ends = [*(one.from_s for one in visit.zones[1:]), visit.until_s]
        for zone, end_s in zip(visit.zones, ends, strict=True):
            if end_s > axis.begin_s and zone.from_s < axis.end_s:
                yield _bar(axis, zone.from_s, end_s, top + BAR + 2, colours[zone.zone])


def _bar(axis: Axis, from_s: float, until_s: float, top: float, colour: str) -> str:
    left = axis.x(from_s)
    return box(left, top, axis.x(until_s) - left, BAR, f'fill="{colour}"')


def _ticks(begin_s: float, end_s: float) -> list[float]:
    step_s = next(
        (each for each in TICKS_S if (end_s - begin_s) / each <= MOST_TICKS), 2 * TICKS_S[-1]
    )
    first = math.ceil(begin_s / step_s)
    return [float(each * step_s) for each in range(first, math.floor(end_s / step_s) + 1)]


def _clock(opens_min: int, at_s: float) -> str:
    whole = (opens_min + math.floor(at_s / 60)) % 1440
    return f"{whole // 60:02d}:{whole % 60:02d}"
