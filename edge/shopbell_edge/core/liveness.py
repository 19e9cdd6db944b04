"""Whether the loops of the daemon go round, so that the watchdog may be fed.

Owns: what counts as stuck.
Never: feeds anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_edge.core.units import Boottime

STALLED_MS = 20_000
"""Loops report every 5 s at most, idle or not; four in a row missed is a hang. systemd asks at 30 s."""


def stalled(
    progress: Mapping[str, Boottime], now: Boottime, limit_ms: int = STALLED_MS
) -> tuple[str, ...]:
    """Return the names of the loops whose last sign of life is older than `limit_ms`."""
    return tuple(sorted(name for name, at in progress.items() if now - at > limit_ms))
