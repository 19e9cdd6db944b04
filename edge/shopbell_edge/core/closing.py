"""What a radio does when the store closes.

Owns: whether it listens, and whether its silence means something.
Never: stops a scan, or knows the time: the clock is handed in.

Nobody advertises in an empty store, so silence is no fault there. A radio that shall sleep goes on until
everybody has left by the ordinary rules: who is still inside at closing time is a customer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from shopbell_edge.core.hours import Hours
    from shopbell_wire.messages import Clock

LINGER_MS: Final = 3_600_000
"""So long after closing time at the most: what is heard then lies on a shelf. The last customers are served
within minutes."""

Attention = Literal["full", "unjudged", "asleep"]
"""`unjudged`: it listens, and its silence is no fault. `asleep`: it does not listen."""


class Closing:
    """Of one radio. Without `hours` the store never closes; `sleeps` says what it does outside them."""

    __slots__ = ("_closed_ms", "_hours", "_sleeps", "attention")

    def __init__(self, hours: Hours | None = None, *, sleeps: bool = False) -> None:
        self._hours = hours
        self._sleeps = sleeps
        self._closed_ms: int | None = None
        self.attention: Attention = "full"
        """As of the last `look`."""

    @property
    def judged(self) -> bool:
        """Whether silence means something."""
        return self.attention == "full"

    def look(self, clock: Clock, present: int) -> Attention:
        """Return what to do now, while so many are `present`."""
        self.attention = self._attention(clock, present)
        return self.attention

    def _attention(self, clock: Clock, present: int) -> Attention:
        if self._hours is None or self._hours.open_by(clock):
            self._closed_ms = None
            return "full"
        if not self._sleeps:
            return "unjudged"
        if self._closed_ms is None:
            self._closed_ms = clock.boottime_ms
        still = present > 0 and clock.boottime_ms - self._closed_ms < LINGER_MS
        return "unjudged" if still and self.attention != "asleep" else "asleep"
