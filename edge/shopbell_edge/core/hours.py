"""When a store is open.

Owns: how opening hours are written, and whether a moment lies within.
Never: reads the clock or the time zones of the machine: both are handed in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from shopbell_wire.messages import MAX_MS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from shopbell_wire.messages import Clock

DAY_MIN: Final = 24 * 60
_SPAN: Final = re.compile(r"\s*(\d{2}):(\d{2})\s*-\s*(\d{2}):(\d{2})\s*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Part of a day, in minutes of its wall clock; past 24 h where it ends on the next day."""

    opens_min: int
    closes_min: int


def spans(text: str) -> tuple[Span, ...]:
    """Return the spans of one day: `09:00-12:30, 14:00-18:00`; `20:00-02:00` ends on the next day.

    Of a day that is `closed` there are none. Raises ValueError, saying what to write, for anything else,
    and for spans that overlap.
    """
    if text.strip() == "closed":
        return ()
    found = tuple(_span(part) for part in text.split(","))
    for before, after in pairwise(sorted(found, key=lambda span: span.opens_min)):
        if after.opens_min < before.closes_min:
            raise ValueError(f"{text!r} has spans that overlap; write each part of the day once")
    return found


def _span(part: str) -> Span:
    read = _SPAN.fullmatch(part)
    if read is None:
        raise ValueError(
            f'{part.strip()!r} is no span; write "09:00-18:00", several with commas between, or "closed"'
        )
    opens_h, opens_m, closes_h, closes_m = map(int, read.groups())
    opens_min, closes_min = opens_h * 60 + opens_m, closes_h * 60 + closes_m
    if opens_m > 59 or closes_m > 59 or opens_min >= DAY_MIN or closes_min > DAY_MIN:  # noqa: PLR2004  minutes
        raise ValueError(f"{part.strip()!r} is no time of day; write 00:00 to 24:00")
    if opens_min == closes_min:
        raise ValueError(f'{part.strip()!r} is no time at all; write "00:00-24:00" for a whole day')
    return Span(
        opens_min=opens_min,
        closes_min=closes_min if closes_min > opens_min else closes_min + DAY_MIN,
    )


_LAST_MS: Final = MAX_MS - 86_400_000
"""The calendar ends with the year 9999, in the zones that are ahead of UTC too. A clock says so by a lie of
whoever answers for the server, and a daemon that ended of it would be told the same again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """`week` has the spans of Monday to Sunday, by the wall clock of `zone`."""

    zone: tzinfo
    week: Sequence[Sequence[Span]]

    def open_at(self, wall_ms: int) -> bool:
        """Return whether the store is open at a moment of Unix time.

        The wall clock decides: an hour that the change to winter time repeats is open twice, if at all.
        """
        utc = datetime.fromtimestamp(min(wall_ms, _LAST_MS) / 1000, tz=UTC)
        local = utc.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        today = local.weekday()
        yesterday = (local - timedelta(days=1)).weekday()
        return any(span.opens_min <= minute < span.closes_min for span in self.week[today]) or any(
            minute + DAY_MIN < span.closes_min for span in self.week[yesterday]
        )

    def open_by(self, clock: Clock) -> bool:
        """Return whether the store may be open: it is, as long as nobody knows the time."""
        return clock.state == "unsynced" or self.open_at(clock.wall_ms)
