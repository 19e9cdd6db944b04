"""How often the same trouble is worth a line of the log.

Owns: which of its repetitions are said.
Never: writes the line, or knows what the trouble is beyond its name and its reason.

A broker that is away for a night is asked a thousand times. A line for each pushes what came before the
trouble out of the journal, which keeps a few MB; one line alone is not found at three in the morning.
"""

from __future__ import annotations

from dataclasses import dataclass


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
