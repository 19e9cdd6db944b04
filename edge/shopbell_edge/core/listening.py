"""For how long a scanner has listened.

Owns: a clock that stands still while the scanner is blind.
Never: decides that it is blind. Whoever watches the scanner does.

What was not heard is measured on this clock, so that blindness is never taken for absence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shopbell_edge.core.units import Boottime


class Listening:
    """Milliseconds of boottime, less the time that the scanner was blind."""

    __slots__ = ("_blind_ms", "_since_ms")

    def __init__(self) -> None:
        self._blind_ms = 0
        self._since_ms: int | None = None

    @property
    def is_blind(self) -> bool:
        """Whether it stands still."""
        return self._since_ms is not None

    def at(self, now: Boottime) -> int:
        """Return the reading. The difference of two is how long the scanner listened between them."""
        return (now if self._since_ms is None else self._since_ms) - self._blind_ms

    def stop(self, since: int) -> None:
        """Stand still, as of `since`, which may lie in the past: blindness is found out late.

        No effect while it stands still.
        """
        if self._since_ms is None:
            self._since_ms = since

    def go_on(self, now: Boottime) -> None:
        """Run again. No effect while it runs."""
        if self._since_ms is not None:
            self._blind_ms += max(0, now - self._since_ms)
            self._since_ms = None
