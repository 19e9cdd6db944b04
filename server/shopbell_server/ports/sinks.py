"""Where events go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.ids import FactId


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A CloudEvent in structured JSON, ready to go. Every attempt has the same `event`."""

    event: FactId
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a sink answered. `reason` holds no payload, no secret and no personal data.

    `refused`: this event will never be taken. `gone`: no event will, from anybody here.
    `retry_after_s`: how long the sink wants to be left alone.
    """

    kind: Literal["delivered", "retry", "refused", "gone"]
    reason: str
    retry_after_s: float | None = None


class Sink(Protocol):
    """Somewhere that events go. One thread at a time calls it."""

    @property
    def name(self) -> str: ...

    @property
    def at_once(self) -> int:
        """How many letters it takes together."""
        ...

    @property
    def patience_s(self) -> float:
        """How long `deliver` takes at the very most, for deciding when a delivery counts as lost."""
        ...

    def deliver(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        """Hand over up to `at_once` letters; return what became of each, in their order.

        What goes wrong out there is in the outcomes. A letter may come twice: after a crash between
        handing it over and noting so.
        """
        ...

    def close(self) -> None:
        """Let go of connections; nothing is delivered afterwards."""
        ...
