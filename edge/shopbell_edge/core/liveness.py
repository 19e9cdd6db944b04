"""Whether the loops of the daemon go round, so that the watchdog may be fed.

Owns: what counts as stuck.
Never: feeds anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_edge.core.units import Boottime


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatRules:
    """How often the daemon shows that it lives."""

    beat_ms: int = 5_000
    """systemd asks every 30 s (WatchdogSec=30): six chances."""
    stalled_ms: int = 20_000
    """Loops report every 5 s at most, idle or not; four in a row missed is a hang, and with it the
    watchdog runs out 30 s after the last feed."""
    status_ms: int = 300_000
    """The retained status is renewed at least this often, so that its clock is never very old."""


def stalled(progress: Mapping[str, Boottime], now: Boottime, rules: BeatRules) -> tuple[str, ...]:
    """Return the names of the loops whose last sign of life is too old."""
    return tuple(sorted(name for name, at in progress.items() if now - at > rules.stalled_ms))
