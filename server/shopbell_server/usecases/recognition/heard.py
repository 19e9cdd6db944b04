"""What edges heard and read that may be somebody.

Owns: the values between listening and recognising.
Never: who it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.edges.admission import Seen
    from shopbell_server.core.ids import EdgeId, Millis
    from shopbell_server.core.recognition.passes import PassCode
    from shopbell_server.core.recognition.token_reader import Reading
    from shopbell_server.core.registry import Edge
    from shopbell_wire.messages import Hearing

Scanner = tuple["EdgeId", str]
"""A scanner by its edge and its name there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sightings:
    """Tokens that an edge heard, by true times, and whom each may mean; in a batch of which stream."""

    edge: Edge
    stream: str
    seen: Sequence[tuple[Seen, Reading]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPass:
    """A pass that was held up to a scanner of an edge."""

    edge: Edge
    scanner: str
    at_ms: Millis
    code: PassCode


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownNumber:
    """A loyalty number that was held up to a scanner of an edge."""

    edge: Edge
    scanner: str
    at_ms: Millis
    number: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeling:
    """What a scanner of an edge says of itself: in which state it is from `at_ms` on."""

    edge: Edge
    scanner: str
    at_ms: Millis
    state: Hearing
    reason: str


@dataclass(slots=True, kw_only=True)
class Heard:
    """What a group of batches has of people and scanners. Codes are in the order of their times."""

    sightings: list[Sightings] = field(default_factory=list)
    passes: list[ShownPass] = field(default_factory=list)
    numbers: list[ShownNumber] = field(default_factory=list)
    felt: list[Feeling] = field(default_factory=list)
