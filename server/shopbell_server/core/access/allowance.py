"""How often somebody may ask: a bucket that fills at a steady rate and is drawn on.

Owns: the arithmetic of one bucket.
Never: whose it is, or where it is kept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from shopbell_server.core.ids import Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """`burst` at once, and `per_minute` in the long run."""

    burst: int
    per_minute: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What was left at a moment."""

    left: float
    at_ms: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """Ask. `bucket` is what is left."""

    bucket: Bucket


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Come back in `retry_after_s` (whole seconds, at least 1, as Retry-After wants it)."""

    retry_after_s: int


def draw(bucket: Bucket | None, allowance: Allowance, now_ms: Millis) -> Granted | Wait:
    """Return whether one more request is within `allowance`; None is a bucket nobody drew on yet.

    A refusal costs nothing. A clock that went back refills nothing and takes nothing away.
    """
    left = _left(bucket, allowance, now_ms)
    if left >= 1:
        return Granted(bucket=Bucket(left=left - 1, at_ms=now_ms))
    return Wait(retry_after_s=max(1, math.ceil((1 - left) * 60 / allowance.per_minute)))


def draw_until(full_ms: Millis, allowance: Allowance, now_ms: Millis) -> Millis | Wait:
    """Do the same with a bucket that is kept as the moment at which it is full again: one whole number.

    Returns that moment anew. A bucket is never emptier than empty, so a clock that went back costs
    nobody more than that.
    """
    one_ms = math.ceil(60_000 / allowance.per_minute)
    missing_ms = min(max(0, full_ms - now_ms), allowance.burst * one_ms)
    short_ms = missing_ms + one_ms - allowance.burst * one_ms
    if short_ms > 0:
        return Wait(retry_after_s=max(1, math.ceil(short_ms / 1000)))
    return Millis(now_ms + missing_ms + one_ms)


def _left(bucket: Bucket | None, allowance: Allowance, now_ms: Millis) -> float:
    if bucket is None:
        return float(allowance.burst)
    gained = max(0, now_ms - bucket.at_ms) * allowance.per_minute / 60_000
    return min(float(allowance.burst), bucket.left + gained)
