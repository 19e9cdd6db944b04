"""In which zone somebody is at this moment, for the live view.

Owns: the simplest causal choice, the nearest scanner with hysteresis, and when a floor plan or a code counts.
Never: the zones of a visit, which follow from all of its evidence (`sessions`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_server.core.ids import Millis
from shopbell_server.core.visits.intervals import is_act

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.ids import ZoneId

HYSTERESIS_DB: Final = 6.0
"""A hand over the phone or a turn of the body costs 4 to 10 dB for seconds; halving the distance gains
6 dB. Somebody who really moves passes that within a few steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Where she is by the floor plan and all that hear her; None: nobody can say."""

    zone: ZoneId | None


def zone_now(
    intervals: Iterable[Interval],
    before: ZoneId | None,
    now_ms: Millis,
    recent_ms: int,
    located: Located | None = None,
) -> ZoneId | None:
    """Return the zone of the nearest scanner heard in the last `recent_ms`; `before` if none was.

    `intervals` are those of one visit, `before` the zone of the last answer. Another zone must be
    nearer than `before` by HYSTERESIS_DB. A code says where she stands: as near as can be, until
    something is heard after it. What is `located` by a floor plan counts instead of the nearest scanner.
    """
    recent = [each for each in intervals if each.last_ms >= now_ms - recent_ms]
    heard_ms = max((each.last_ms for each in recent if not is_act(each)), default=None)
    acts = [each for each in recent if is_act(each) and each.zone is not None]
    act = max(acts, key=lambda each: (each.last_ms, each.evidence, each.zone or ""), default=None)
    if act is not None and (heard_ms is None or heard_ms <= act.last_ms):
        return act.zone
    if located is not None:
        return located.zone
    # A phone sends several frames, and tokens that follow one another: a scanner's last word counts.
    losses: dict[tuple[str, str], tuple[ZoneId, float]] = {}
    for each in sorted(recent, key=lambda each: each.last_ms):
        if each.zone is not None and each.loss_db is not None and not is_act(each):
            losses[each.key.edge, each.key.scanner] = each.zone, each.loss_db
    nearest: dict[ZoneId, float] = {}
    for zone, loss_db in losses.values():
        nearest[zone] = min(loss_db, nearest.get(zone, loss_db))
    if not nearest:
        return before
    best = min(nearest, key=lambda zone: (nearest[zone], zone))
    if before in nearest and nearest[before] - nearest[best] < HYSTERESIS_DB:
        return before
    return best


def stays_so_until(intervals: Iterable[Interval], now_ms: Millis, recent_ms: int) -> Millis | None:
    """Return from when on `zone_now` may answer otherwise if nothing more is heard; None: never.

    Given that its own last answer is `before`: what was heard once ceases to be recent, and nothing
    else changes by itself.
    """
    forgotten = (Millis(each.last_ms + recent_ms + 1) for each in intervals)
    return min((each for each in forgotten if each > now_ms), default=None)
