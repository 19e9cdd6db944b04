"""How long answers took, in bounded memory: a count for each span.

Owns: the spans, and what half or 99 of 100 stayed below.
Never: a clock.
"""

from __future__ import annotations

from math import ceil, log
from typing import Final

STEP: Final = 1.05
"""One span is so much longer than the one before: what is said is at most 5 % too long."""

MOST_MS: Final = 10_000_000
"""Nearly three hours; longer than any run waits."""

_SPANS: Final = ceil(log(MOST_MS) / log(STEP)) + 2


class Waits:
    """Milliseconds, counted."""

    def __init__(self) -> None:
        self._counts = [0] * _SPANS
        self.count = 0
        self.most_ms = 0

    def add(self, waited_ms: int) -> None:
        """Count one; what is longer than MOST_MS counts as that."""
        waited_ms = min(max(0, waited_ms), MOST_MS)
        self._counts[_span(waited_ms)] += 1
        self.count += 1
        self.most_ms = max(self.most_ms, waited_ms)

    def below_ms(self, share: float) -> int:
        """Return what `share` (0 to 1) of all did not exceed, at most 5 % too long; 0 if there are none."""
        wanted = max(1, ceil(share * self.count))
        seen = 0
        for span, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return min(int(STEP**span) if span else 0, self.most_ms)
        return self.most_ms


def _span(waited_ms: int) -> int:
    return 0 if waited_ms < 1 else ceil(log(waited_ms) / log(STEP) - 1e-9) or 1
