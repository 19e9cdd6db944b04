"""What edges were ordered to do, and what became of it.

Owns: numbers, how several answers to one order amount to one.
Never: signs or sends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.ids import EdgeId, Millis
    from shopbell_wire.messages import Finding
    from shopbell_wire.orders import Task

Result = Literal["done", "refused", "failed"]

RANK: Final[Mapping[Result, int]] = {"refused": 1, "done": 2, "failed": 3}
"""Of several answers the highest stands. A copy that somebody else sent is refused, and says nothing of the
order that was done; settings that once were in force and hold no more have failed in the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an edge said of an order. `reason` is for people."""

    result: Result
    reason: str
    at_ms: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """An order that was given, by whom, and what became of it so far."""

    edge: EdgeId
    number: int
    task: Task
    issued_ms: Millis
    expires_ms: Millis
    by: str
    answer: Answer | None = None
    findings: tuple[Finding, ...] | None = None
    """What the edge found, if it was asked to look."""


def joined(one: Answer | None, other: Answer) -> Answer:
    """Return the answer that stands, in whatever order they came: the higher one, of equals the first."""
    if one is None:
        return other
    return min(one, other, key=lambda each: (-RANK[each.result], each.at_ms, each.reason))


def next_number(last: int, now_ms: Millis) -> int:
    """Return the number of an order after number `last` (0: none).

    At least the second of its issue: so a server whose database was brought back from a backup, or lost,
    gives none that its edges have seen already.
    """
    return max(last + 1, now_ms // 1000)
