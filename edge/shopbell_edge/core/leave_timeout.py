"""Whether the leave timeout is long enough for a beacon and a scanner.

Owns: the arithmetic, and the sentence that explains it.
Never: refuses. Configuration does, with the sentence.
"""

from __future__ import annotations

from math import ceil, log, log1p
from typing import Final

HEARD_OF_SENT: Final = 0.7
"""Of what is sent while the scanner listens, 30 % is lost to collisions, channels and bodies."""

MISSED: Final = 1e-4
"""Heard with 99.99 %: one false silence in 10 000 periods."""

SAFETY: Final = 5
"""Losses come together (a body in between: three times as many) and clocks of phones stall."""

SCAN_MS: Final = 10_240
"""How long BlueZ scans before it rests: a duplicate filter that is reset with every scan reports each device
once in that time at most."""


def hearing_time_ms(interval_ms: float, duty: float) -> float:
    """Return how long it takes to hear a beacon of `interval_ms` once, with 99.99 %.

    `duty` is the share of the time in which the scanner listens, above 0 and at most 1. Android at
    1000 ms and duty 0.5: 21 s; at the 9.4 % of a Wi-Fi proxy: 135 s.
    """
    # log1p: for a duty of next to nothing, 1 - it is 1, whose logarithm divides by zero.
    return interval_ms * log(MISSED) / log1p(-HEARD_OF_SENT * duty)


def longest_gap_ms(leave_ms: int, interval_ms: float) -> float:
    """Return how far apart the reports of a beacon may lie, on average, for silence still to mean leaving.

    Of a radio that reports each device once per scan; 0 where no gap is short enough. `interval_ms`, above
    0, is the slowest phone's. In a scan it advertises SCAN_MS / interval times, and is missed if all of
    those are lost. So many scans as make that as rare as MISSED, and one more because a sighting may lie at
    the beginning of one scan and at the end of the next, must fit SAFETY times into the timeout. Android at
    1000 ms: one scan, and 180 s bear gaps of 25.8 s, where BlueZ's scans are 15.4 s apart; at 2000 ms: two
    scans, 12.9 s, which is not enough.
    """
    adverts = SCAN_MS / interval_ms
    missed_ln = max(1.0, adverts) * log1p(-HEARD_OF_SENT * min(1.0, adverts))
    scans = ceil(log(MISSED) / missed_ln)
    return max(0.0, leave_ms / SAFETY - SCAN_MS) / scans


def too_short(leave_ms: int, interval_ms: float, duty: float) -> str | None:
    """Return why `leave_ms` is too short, with the arithmetic and what to do; None if it is not.

    Raises ValueError for an interval or a duty that cannot be.
    """
    if interval_ms <= 0 or not 0 < duty <= 1:
        raise ValueError(
            f"interval is {interval_ms:g} ms and scan duty {duty:g}; "
            "the interval must be above 0, the duty above 0 and at most 1"
        )
    hearing_ms = hearing_time_ms(interval_ms, duty)
    if leave_ms >= SAFETY * hearing_ms:
        return None
    least_s = ceil(SAFETY * hearing_ms / 1000)
    return (
        f"leave timeout is {leave_ms / 1000:g} s, but must be at least {SAFETY} x T = {least_s} s, "
        f"where T = interval x ln {MISSED:g} / ln(1 - {HEARD_OF_SENT:g} x duty) = "
        f"{interval_ms / 1000:g} s x {log(MISSED):.2f} / {log1p(-HEARD_OF_SENT * duty):.3f} = "
        f"{hearing_ms / 1000:.1f} s is how long a beacon of {interval_ms:g} ms takes to be heard at scan "
        f"duty {duty:g} with 99.99 %; raise the timeout, shorten the interval or scan more"
    )
