"""What edges were ordered to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.core.edges.orders import Answer, Ordered
    from shopbell_server.core.ids import EdgeId
    from shopbell_wire.messages import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What an edge says of one of its orders."""

    edge: EdgeId
    number: int
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What an edge found when it was ordered to look."""

    edge: EdgeId
    number: int
    findings: tuple[Finding, ...]


class Orders(Protocol):
    """Orders and their answers; nothing here is ever removed or taken back."""

    def add(self, ordered: Ordered) -> None:
        """Add one. Raises DatabaseBusyError if that edge has one of its number: another was quicker."""
        ...

    def last_number(self, edge: EdgeId) -> int:
        """Return the highest number that was ever given to `edge`; 0 if none was."""
        ...

    def get(self, edge: EdgeId, number: int) -> Ordered | None: ...
    def of(self, edge: EdgeId, limit: int) -> Sequence[Ordered]:
        """Return the latest `limit` of an edge, the latest first."""
        ...

    def latest(self) -> Mapping[EdgeId, Ordered]:
        """Return the latest of each edge that was ever ordered anything."""
        ...

    def answer(self, answers: Sequence[Answered]) -> None:
        """Join answers to the orders that they are about, as `core.edges.orders.joined` says.

        What is about no order of ours is ignored.
        """
        ...

    def examine(self, examined: Sequence[Examined]) -> None:
        """Keep what was found; the first that comes stands. What is about no order is ignored."""
        ...
