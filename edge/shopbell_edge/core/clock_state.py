"""How far the clock may be trusted, and what it says where it may not.

Owns: synced, holdover, unsynced: when each holds, and the error of each.
Never: reads a clock. What the machine says arrives as a Reading.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shopbell_wire.messages import MAX_MS

if TYPE_CHECKING:
    from shopbell_edge.core.units import Boottime
    from shopbell_wire.messages import ClockState

SYNCED_MS = 250
"""A token's window is 900 s and a pass lives 30 s: a quarter of a second moves neither."""

HOLDOVER_MS = 72 * 3_600_000
"""After three days a crystal of 50 ppm is 13 s off, about what a pass of 30 s can bear."""

DRIFT_PPM = 50
"""What the crystal of a Raspberry Pi is good for over its range of temperature."""

NO_BOUND_MS = MAX_MS
"""The error of a clock that nobody has set: any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the machine says at one moment."""

    boottime_ms: Boottime
    wall_ms: int
    disciplined: bool
    """Whether whoever sets the clock has done so and not given up."""
    err_ms: int
    """The bound that it states; means nothing unless `disciplined`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What is remembered: the last moment of being synced, and the offset to fall back on."""

    offset_ms: int
    """wall - boottime: of the process start, or of the last time that was known."""
    synced_at: Boottime | None = None
    synced_err_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The time, its quality, and the bound of its error."""

    wall_ms: int
    state: ClockState
    err_ms: int


def begin(reading: Reading) -> Trust:
    """Return what a process knows when it starts: nothing but an offset to count on from."""
    return Trust(offset_ms=reading.wall_ms - reading.boottime_ms)


def tell(trust: Trust, reading: Reading) -> tuple[Trust, Told]:
    """Return what to remember after `reading`, and the time that may be told.

    Unsynced time is boottime plus a fixed offset: it may be wrong, but it never steps, so one anchor
    puts all of it right.
    """
    if reading.disciplined and reading.err_ms <= SYNCED_MS:
        trust = replace(
            trust,
            offset_ms=reading.wall_ms - reading.boottime_ms,
            synced_at=reading.boottime_ms,
            synced_err_ms=reading.err_ms,
        )
        return trust, Told(wall_ms=reading.wall_ms, state="synced", err_ms=reading.err_ms)
    bounds_ms = _bounds_ms(trust, reading)
    if bounds_ms:
        return trust, Told(wall_ms=reading.wall_ms, state="holdover", err_ms=min(bounds_ms))
    wall_ms = max(reading.boottime_ms + trust.offset_ms, 0)
    return trust, Told(wall_ms=wall_ms, state="unsynced", err_ms=NO_BOUND_MS)


def _bounds_ms(trust: Trust, reading: Reading) -> list[int]:
    bounds_ms = []
    if reading.disciplined:
        # The kernel lets its bound grow by 500 ppm between two polls, ten times what a crystal
        # drifts, so this says "some hours ago" rather than "wrong".
        bounds_ms.append(reading.err_ms)
    if trust.synced_at is not None:
        since_ms = reading.boottime_ms - trust.synced_at
        if since_ms <= HOLDOVER_MS:
            bounds_ms.append(trust.synced_err_ms + -(-since_ms * DRIFT_PPM // 1_000_000))
    return bounds_ms
