"""What edges had to give up, by reason.

Owns: which reasons there are, and which of them are losses.
Never: where the totals are kept. A batch says what was given up since the one before it, and counts once.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

COALESCED: Final = "spool_coalesced"
"""A report that a later one of the same stay replaces: nothing is lost but its moment."""

REASONS: Final = frozenset(
    {COALESCED, "spool_full", "spool_full_stay", "spool_full_scan", "spool_corrupt"}
)
"""What edges count: reports, whole stays and codes for want of room, and spools that could not be read."""

OTHER: Final = "other"
"""Whatever else an edge calls it. Reasons come from the wire: each would be a row and a time series."""

MOST: Final = 2**31
"""Of one batch and reason. A week's events are 210 000: a larger number is a mistake, and sums stay exact."""


def counted(dropped: Mapping[str, int]) -> Counter[str]:
    """Return what one batch says was given up, by the reasons that we know."""
    known: Counter[str] = Counter()
    for reason, count in dropped.items():
        if count:
            name = reason if reason in REASONS else OTHER
            known[name] = min(MOST, known[name] + count)
    return known


def lost(counts: Mapping[str, int]) -> int:
    """Return how much of `counts` is gone for good."""
    return sum(count for reason, count in counts.items() if reason != COALESCED)
