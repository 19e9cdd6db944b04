"""Whether the spool has room for a week without a server.

Owns: the arithmetic, and the sentence that explains it.
Never: refuses. Configuration does, with the sentence.
"""

from __future__ import annotations

from math import ceil
from typing import Final

CUSTOMERS: Final = 50
"""In a busy store at the same time, of those that are opted in."""

OPEN_S: Final = 12 * 3600
"""A day's opening hours."""

DAYS: Final = 7
"""A line that was cut on a Friday, and an engineer who comes on Thursday."""

EVENT_BYTES: Final = 180
"""A presence event in the spool, measured."""

MIB: Final = 1024 * 1024


def day_bytes(steady_ms: int) -> int:
    """Return what a busy store writes in a day, with a report of each stay every `steady_ms`."""
    return CUSTOMERS * OPEN_S * 1000 // steady_ms * EVENT_BYTES


def too_small(size_mib: int, steady_ms: int) -> str | None:
    """Return why a spool of `size_mib` holds no week of reports every `steady_ms`; None if it does."""
    day = day_bytes(steady_ms)
    if size_mib * MIB >= DAYS * day:
        return None
    return (
        f"{size_mib} MiB hold {size_mib * MIB / day:.1f} days without a server, then presence is given up; "
        f"a week of a busy store is {DAYS} days x {CUSTOMERS} customers x {OPEN_S // 3600} h / "
        f"{steady_ms / 1000:g} s x {EVENT_BYTES} bytes = {ceil(DAYS * day / MIB)} MiB; make it so large, or "
        f"report less often: presence.report_steady_s"
    )
