"""Moments as operators read them: how long ago, and when it was in the store.

Owns: their words.
Never: what happened then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.web.http.times import moment

if TYPE_CHECKING:
    from shopbell_server.catalogues import Voice
    from shopbell_server.core.ids import Millis

MINUTE_S: Final = 60
HOUR_S: Final = 3_600
DAY_S: Final = 86_400

LONG_HOURS: Final = 48
"""Until then in hours: "yesterday" begins at midnight, and an operator counts from when it happened."""


class Moments:
    """Says moments as of one of them: now."""

    def __init__(self, voice: Voice, now_ms: Millis) -> None:
        self._voice = voice
        self._now_ms = now_ms

    def for_(self, since_ms: Millis) -> str:
        """Return how long it is since then."""
        seconds = max(0, self._now_ms - since_ms) // 1000
        ngettext = self._voice.ngettext
        if seconds < MINUTE_S:
            return ngettext("{n} second", "{n} seconds", seconds).format(n=seconds)
        if seconds < HOUR_S:
            minutes = seconds // MINUTE_S
            return ngettext("{n} minute", "{n} minutes", minutes).format(n=minutes)
        if seconds < LONG_HOURS * HOUR_S:
            hours = seconds // HOUR_S
            return ngettext("{n} hour", "{n} hours", hours).format(n=hours)
        days = seconds // DAY_S
        return ngettext("{n} day", "{n} days", days).format(n=days)

    def ago(self, at_ms: Millis) -> str:
        """Return "3 minutes ago"."""
        return self._voice.gettext("{time} ago").format(time=self.for_(at_ms))

    def at(self, at_ms: Millis, timezone: str) -> str:
        """Return the time of day, and the day unless it is the same there now."""
        at, now = moment(at_ms), moment(self._now_ms)
        day, clock = self._voice.day(at, timezone), self._voice.clock(at, timezone)
        return clock if day == self._voice.day(now, timezone) else f"{day}, {clock}"

    def day(self, at_ms: Millis, timezone: str) -> str:
        """Return the day."""
        return self._voice.day(moment(at_ms), timezone)
