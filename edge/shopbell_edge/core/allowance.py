"""So much at once, and so much a second: how much of what a stranger sends is taken in.

Owns: the count. It fills with time, up to what may come at once.
Never: reads a clock, or decides what becomes of what is not taken.
"""

from __future__ import annotations


class Allowance:
    """Full at first. Milliseconds handed in must not run backwards."""

    __slots__ = ("_as_of_ms", "_at_once", "_left", "_per_s")

    def __init__(self, *, at_once: int, per_s: int) -> None:
        """Allow `at_once` in one moment and `per_s` in each second, in whatever is counted."""
        self._at_once = at_once * 1_000
        self._per_s = per_s
        self._left = self._at_once
        """In thousandths, so that no millisecond is lost to rounding."""
        self._as_of_ms = 0

    def take(self, amount: int, now_ms: int) -> bool:
        """Return whether `amount` is allowed now, and take it off if so."""
        grown = self._left + (now_ms - self._as_of_ms) * self._per_s
        self._left = min(self._at_once, grown)
        self._as_of_ms = now_ms
        if self._left < amount * 1_000:
            return False
        self._left -= amount * 1_000
        return True
