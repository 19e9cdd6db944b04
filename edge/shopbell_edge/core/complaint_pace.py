"""How often the same trouble is worth a line of the log.

Owns: which of its repetitions are said.
Never: writes the line, or knows what the trouble is beyond its name and its reason.

A broker that is away for a night is asked a thousand times. A line for each pushes what came before the
trouble out of the journal, which keeps a few MB; one line alone is not found at three in the morning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shopbell_edge.core.units import Boottime

FORGOTTEN_MS: Final = 3_600_000
"""After an hour without trouble the next one is new: nobody reads it as the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What goes wrong, and how many times in a row it went so."""

    event: str
    reason: str
    times: int = 1

    @property
    def news(self) -> bool:
        """Whether this one is worth a line."""
        return worth_a_line(self.times - 1, self.times)


def once_more(before: Trouble | None, event: str, reason: str) -> Trouble:
    """Return what there is now, after `before`: the same once more, or something new."""
    if before is None or (before.event, before.reason) != (event, reason):
        return Trouble(event=event, reason=reason)
    return Trouble(event=event, reason=reason, times=before.times + 1)


def worth_a_line(before: int, times: int) -> bool:
    """Return whether counting on from `before` to `times` is news: at 1, 2, 4, 8 … and past them.

    So the newest line is never older than half of the trouble, and a week of it takes fourteen lines.
    """
    return before.bit_length() != times.bit_length()


class Flapping:
    """Of something that fails and comes back, again and again: which of its changes are worth a line."""

    __slots__ = ("_said", "_times", "_well_since")

    def __init__(self) -> None:
        self._times: dict[str, int] = {}
        self._said = True
        self._well_since: Boottime | None = None

    def is_news(self, trouble: str | None, at: Boottime) -> bool:
        """Return whether it is worth a line that there is `trouble` (None: none any more) at `at`.

        Each trouble is, the 1st, 2nd, 4th, 8th … time, and its end is where its beginning was. Boottimes
        handed in must not run backwards.
        """
        if trouble is None:
            if self._well_since is None:
                self._well_since = at
            return self._said
        if self._well_since is not None and at - self._well_since >= FORGOTTEN_MS:
            self._times.clear()
        self._well_since = None
        times = self._times[trouble] = self._times.get(trouble, 0) + 1
        self._said = worth_a_line(times - 1, times)
        return self._said
