"""Events into the spool, and what becomes of those that find no room."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import structlog

from shopbell_edge.core.complaint_pace import worth_a_line
from shopbell_edge.ports import SpoolFullError
from shopbell_wire.messages import Presence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_edge.core.tally import Tally
    from shopbell_edge.ports import EdgeClock, Spool
    from shopbell_wire.messages import Event

log = structlog.get_logger()


async def keep(spool: Spool, clock: EdgeClock, events: Sequence[Event], tally: Tally) -> bool:
    """Store `events`; return whether all of them are. The spool tells the server what is not."""
    if not events:
        return True
    lost: Counter[str]
    try:
        # What is given up of a stored group is presence, all else comes first.
        lost = Counter(spool_full=await spool.append(events, clock.now()))
    except SpoolFullError:
        lost = Counter(_reason(event) for event in events)
    if lost.total():
        before = _given_up(tally)
        tally.dropped.update(lost)
        if worth_a_line(before, _given_up(tally)):
            log.error("spool_full", given_up=_given_up(tally))
    for event in events:
        tally.events[str(event.__struct_config__.tag)] += 1
    return not lost.total()


def _reason(event: Event) -> str:
    """Return the name under which the spool counts it too."""
    return "spool_full" if isinstance(event, Presence) else "spool_full_scan"


def _given_up(tally: Tally) -> int:
    """Return how many events found no room since the start; other things are dropped too."""
    return tally.dropped["spool_full"] + tally.dropped["spool_full_scan"]
