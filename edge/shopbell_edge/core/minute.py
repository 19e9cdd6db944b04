"""The last minute of a phone, as a line of bars.

Owns: the bins that sightings are gathered in, how many there were a second, and the bars.
Never: whose they are.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

BIN_MS: Final = 2_000
BINS: Final = 30
"""A minute in thirty characters: a step towards the radio is a bar or two, and there is room beside it."""

RATE_BINS: Final = 5
"""Of ten seconds: long enough for the pauses of a scan, short enough for whoever walks with a phone."""

_BARS: Final = "▁▂▃▄▅▆▇█"

QUIET: Final = "·"


class Minute:
    """Losses in dB, by when they were heard. Times must not run backwards."""

    __slots__ = ("_bins",)

    def __init__(self) -> None:
        self._bins: deque[tuple[int, int, float]] = deque(maxlen=BINS)

    def add(self, now_ms: int, loss_db: float) -> None:
        """Take in a sighting."""
        at, count, total = now_ms // BIN_MS, 0, 0.0
        if self._bins and self._bins[-1][0] == at:
            _, count, total = self._bins.pop()
        self._bins.append((at, count + 1, total + loss_db))

    def losses_db(self, now_ms: int) -> list[float | None]:
        """Return the mean of each of the last BINS bins, oldest first; None where nothing was heard."""
        first = now_ms // BIN_MS - BINS + 1
        known = {at: total / count for at, count, total in self._bins}
        return [known.get(at) for at in range(first, first + BINS)]

    def rate(self, now_ms: int, since_ms: int) -> float:
        """Return sightings per second over the last ten, or since `since_ms` if that is later."""
        last = now_ms // BIN_MS
        began_ms = max(since_ms, (last - RATE_BINS + 1) * BIN_MS)
        count = sum(count for at, count, _ in self._bins if at > last - RATE_BINS)
        return count * 1000 / max(now_ms - began_ms, 1_000)


def bars(losses_db: Sequence[float | None], near_db: float, far_db: float) -> str:
    """Return a bar for each loss, the higher the nearer: full at `near_db`, none to speak of at `far_db`."""
    return "".join(QUIET if loss is None else _bar(loss, near_db, far_db) for loss in losses_db)


def _bar(loss_db: float, near_db: float, far_db: float) -> str:
    height = (far_db - loss_db) / (far_db - near_db) * len(_BARS)
    return _BARS[min(max(int(height), 0), len(_BARS) - 1)]
