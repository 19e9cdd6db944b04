"""Facts that wait for their sinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.facts import Fact
    from shopbell_server.core.ids import FactId, Millis, PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A fact that a sink should get: `attempt` counts from 1, `sequence` orders those of a person."""

    sink: str
    fact: Fact
    attempt: int
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A delivery that was given up at `dead_ms`, for what its sink answered last."""

    delivery: Delivery
    dead_ms: Millis
    reason: str


class Outgoing(Protocol):
    """Facts to deliver, stored with the change that made them true."""

    def add(self, facts: Sequence[Fact], sinks: Collection[str], due_ms: Millis) -> None:
        """Queue every fact for every sink. Facts of a person keep their order."""
        ...

    def claim(self, sink: str, now_ms: Millis, lease_ms: int, limit: int) -> Sequence[Delivery]:
        """Return what is due, one per person at most (her oldest), leased for `lease_ms`."""
        ...

    def delivered(self, sink: str, fact: FactId, at_ms: Millis) -> None: ...
    def retry(self, sink: str, fact: FactId, due_ms: Millis) -> None: ...
    def give_up(self, sink: str, fact: FactId, at_ms: Millis, reason: str) -> None:
        """Make it a dead letter."""
        ...

    def drop(self, sink: str, fact: FactId) -> None:
        """Forget one that waits: it may not be told any more. Nothing of it is left for this sink."""
        ...

    def cancel(self, person: PersonId) -> int:
        """Drop everything about somebody that is still waiting; return how much."""
        ...

    def waiting(self, sink: str) -> tuple[int, Millis | None]:
        """Return how many wait, and since when the oldest."""
        ...

    def dead(self) -> Mapping[str, int]:
        """Return how many dead letters each sink has; those without any are left out."""
        ...

    def dead_letters(self, sink: str, limit: int) -> Sequence[DeadLetter]:
        """Return a sink's, the latest first. Those whose key was destroyed are left out."""
        ...

    def dead_letter(self, sink: str, fact: FactId) -> DeadLetter | None: ...
    def revive(self, sink: str, fact: FactId | None, due_ms: Millis) -> int:
        """Make a dead letter, or all of the sink (None), due at `due_ms` as if never tried; return how many.

        It goes before what waits of the same person; what was told of her meanwhile was told.
        """
        ...

    def discard(self, sink: str, fact: FactId) -> int:
        """Forget a dead letter; nothing of it is left for this sink. Return how many: 1 or 0."""
        ...
