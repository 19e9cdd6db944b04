"""Where the time goes: a sampling clock for the main thread.

Every millisecond it looks where the program is, and charges all the time since its last look to that
place. Asked for between two bytecodes, so a call into C is charged in full to the line that made it.
"""

from __future__ import annotations

import signal
import time
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType

EVERY_S: Final = 0.001


class Places:
    """Seconds by place. A place is the first of `steps` (function name → word) in the call stack."""

    def __init__(self, steps: Mapping[str, str]) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._steps = steps
        self._looked_s = 0.0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Charge what happens in the block; in the main thread only."""
        before = signal.signal(signal.SIGALRM, self._look)
        self._looked_s = time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, EVERY_S, EVERY_S)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def shares(self) -> dict[str, float]:
        """Return the share of each place, the greatest first."""
        whole = sum(self.seconds.values()) or 1.0
        ordered = sorted(self.seconds.items(), key=lambda each: -each[1])
        return {place: spent / whole for place, spent in ordered}

    def _look(self, _signal: int, frame: FrameType | None) -> None:
        now_s = time.perf_counter()
        self.seconds[self._place(frame)] += now_s - self._looked_s
        self._looked_s = now_s

    def _place(self, frame: FrameType | None) -> str:
        while frame is not None:
            word = self._steps.get(frame.f_code.co_name)
            if word is not None:
                return word
            frame = frame.f_back
        return "the rest"
