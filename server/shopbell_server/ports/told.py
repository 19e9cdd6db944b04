"""Who outside was told something of somebody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.ids import FactId, Millis, PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """That a sink was handed an event, or was not: `answer` is what it said. Not what was in the event."""

    person: PersonId
    sink: str
    fact: FactId
    kind: str
    """Type of the event, as the CDP reads it."""
    at_ms: Millis
    delivered: bool
    answer: str


class Tellings(Protocol):
    """What the customer may be told of who received her data."""

    def note(self, told: Sequence[Told]) -> None:
        """Keep them; of the same event and sink the last one stays."""
        ...

    def of(self, person: PersonId) -> Sequence[Told]:
        """Return hers, oldest first."""
        ...

    def forget(self, person: PersonId) -> int:
        """Forget hers; return how many."""
        ...
