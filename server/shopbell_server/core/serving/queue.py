"""Who is helped next: the order of the board.

Owns: the order, and since when somebody waits.
Never: what a row says (`board.rows`), or why somebody came (`reason_kind` is another's word).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from shopbell_server.core.serving.engagement import (
    HandedOver,
    Released,
    Served,
    Serving,
    Taken,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.ids import Millis
    from shopbell_server.core.serving.engagement import Engagement


class Rank(IntEnum):
    """Lower comes first; within a rank whoever waits longest."""

    ASKED = 0
    PICKUP = 1
    APPOINTMENT = 2
    WAITING = 3
    TAKEN = 4
    SERVED = 5


RANKS: Final[Mapping[str, Rank]] = {"pickup": Rank.PICKUP, "appointment": Rank.APPOINTMENT}
"""Kinds of reason that come before others: what is ready, and what was promised for a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Her place in the order."""

    rank: Rank
    since_ms: Millis
    """She waits since then; who is taken or was served, since that."""


def turn(engagement: Engagement | None, reason_kind: str | None, here_ms: Millis) -> Turn:
    """Return the place of somebody who is here since `here_ms`.

    `engagement` is as of now (`as_of`); None: nobody did anything yet.
    """
    rank = RANKS.get(reason_kind or "", Rank.WAITING)
    if engagement is None:
        return Turn(rank=rank, since_ms=here_ms)
    match engagement.state:
        case Taken(since_ms=since_ms) | Serving(since_ms=since_ms):
            return Turn(rank=Rank.TAKEN, since_ms=since_ms)
        case _ if engagement.asked_ms is not None:
            return Turn(rank=Rank.ASKED, since_ms=engagement.asked_ms)
        case Served(at_ms=at_ms):
            return Turn(rank=Rank.SERVED, since_ms=at_ms)
        case HandedOver(at_ms=at_ms) | Released(at_ms=at_ms):
            return Turn(rank=rank, since_ms=at_ms)
        case _:
            return Turn(rank=rank, since_ms=here_ms)
