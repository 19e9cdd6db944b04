"""The decoders of one reader, one after the other.

Owns: how long to wait before the next, and the word about a fence with a gap.
Never: starts one.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import structlog

from shopbell_edge.core.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_edge.adapters.camera.messages import Ready
    from shopbell_edge.core.units import ScannerName

log = structlog.get_logger()

AGAIN: Final = Backoff(first_s=0.5, most_s=60.0)
"""One death is an accident and the next decoder is there at once. If all die, a start a minute costs a
small machine 5 s of CPU time, 8 %."""

LONG_S: Final = 60.0
"""A decoder that has worked for so long did not die of what killed the one before."""


class Lives:
    """`uniform(low, high)` throws the dice of the waits."""

    def __init__(self, uniform: Callable[[float, float], float]) -> None:
        self._uniform = uniform
        self._delays = AGAIN.delays(uniform)
        self._since: float | None = None
        self._said: tuple[str, ...] = ()

    def go_on(self) -> None:
        """Take note that the decoder has done some work."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        if now - self._since >= LONG_S:
            self._delays = AGAIN.delays(self._uniform)

    def ended(self) -> float:
        """Return for how many seconds to wait before the next."""
        self._since = None
        return next(self._delays)

    def reason(self, well: str, ready: Ready, scanner: ScannerName) -> str:
        """Return the reason of its health, `well` if its fence is whole; log once if it is not."""
        if not ready.missing:
            return well
        if ready.missing != self._said:
            self._said = ready.missing
            log.warning("decoder_not_fenced", scanner=scanner, missing=list(ready.missing))
        return f"{well}_not_fenced"
