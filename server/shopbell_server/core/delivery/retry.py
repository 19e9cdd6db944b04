"""When to send an event again, and when to stop.

Owns: the schedule, and what an HTTP answer means for it.
Never: sends, sleeps, or rolls the dice: time and a random number come in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from shopbell_server.core.ids import Millis

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEDULE_S: Final = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Wait before each attempt: 0, 5 s, 5 min, 30 min, 2, 5, 10, 14, 20, 24 h (Standard Webhooks). Ten
attempts over 75 h 35 min, which outlasts a weekend."""

JITTER: Final = 0.1
"""Up to a tenth later, never earlier: what failed together does not come back together."""

LONGEST_RETRY_AFTER_S: Final = 86_400
"""A sink may ask for a day of rest at most: the longest wait of the schedule."""

FIRST_WAIT_S: Final = 10.0
LONGEST_WAIT_S: Final = 300.0
"""What must arrive in the end, and is sent by nobody else: after 10, 20, 40 … s, then every five minutes.
A receiver that comes back after a night hears of it within five minutes, and is asked 12 times an hour."""

Answer = Literal["delivered", "retry", "refused", "gone"]
"""`refused`: this event will never be taken. `gone`: no event will, switch the sink off."""

_ABOUT_THE_EVENT: Final = frozenset({400, 406, 411, 413, 414, 415, 417, 422, 431})
"""Of the 4xx those that judge what was sent: malformed, of the wrong type, too large. The others
judge the endpoint (not found, not allowed, busy) and may be mended while the schedule lasts."""
_GONE: Final = 410
_SUCCESS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class TryAgain:
    """Send it again at `due_ms`."""

    due_ms: Millis


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No attempt is left: it becomes a dead letter, for a person to look at."""


def answer_of(status: int) -> Answer:
    """Return what an HTTP status means. A redirect is never followed: the endpoint has to be mended."""
    if status // 100 == _SUCCESS:
        return "delivered"
    if status == _GONE:
        return "gone"
    return "refused" if status in _ABOUT_THE_EVENT else "retry"


def after_failure(
    attempt: int,
    now_ms: Millis,
    chance: float,
    *,
    retry_after_s: float | None = None,
    schedule_s: Sequence[float] = SCHEDULE_S,
) -> TryAgain | GiveUp:
    """Return what follows the failure of `attempt` (1, 2, 3 …) at `now_ms`.

    `chance` is uniform in [0, 1). What the sink asks for with `Retry-After` is obeyed up to
    LONGEST_RETRY_AFTER_S; it never shortens the schedule.
    """
    if attempt >= len(schedule_s):
        return GiveUp()
    asked_s = min(max(retry_after_s or 0.0, 0.0), LONGEST_RETRY_AFTER_S)
    wait_s = max(schedule_s[attempt], asked_s)
    return TryAgain(due_ms=Millis(now_ms + round(wait_s * (1 + JITTER * chance) * 1000)))


def patient_wait_s(failures: int, chance: float) -> float:
    """Return how long to wait after so many failures in a row (1, 2, 3 …), for what is never given up.

    `chance` is uniform in [0, 1).
    """
    # From the 6th on it is the longest; 2^n of a week's failures would be no number for a clock.
    doubled_s = FIRST_WAIT_S * (1 << min(failures, 6) - 1)
    return min(doubled_s, LONGEST_WAIT_S) * (1 + JITTER * chance)
