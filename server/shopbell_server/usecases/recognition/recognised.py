"""What came of asking who is meant: people who were held for it, and the evidence of them.

Owns: the shapes that recognition of sightings and of codes put together.
Never: how either comes to it (`recognise`, `codes`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shopbell_server.usecases.groups import NONE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.identity.people import Card
    from shopbell_server.core.ids import CardRef, DeviceNo, EdgeId, PersonId
    from shopbell_server.core.observations import Observation
    from shopbell_server.core.recognition.acceptance import Acquaintance, Meant
    from shopbell_server.core.recognition.code_uses import CodeUse
    from shopbell_server.core.recognition.spray import Tokens
    from shopbell_server.core.recognition.token_reader import Reading
    from shopbell_server.ports.batches import Stream
    from shopbell_server.usecases.groups import Groups


@dataclass(slots=True, kw_only=True)
class Recognised:
    """Evidence of people, and how much of what came to nothing.

    `passes` are those of the intervals that a pass gave.
    """

    intervals: list[Interval] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    """What of it was heard so lately that it may be stored as such."""
    passes: list[Interval] = field(default_factory=list)
    unheard: list[Interval] = field(default_factory=list)
    """Stored before: what its scanners say of themselves now may change its visits."""
    counts: Counter[str] = field(default_factory=Counter)
    guessing: set[EdgeId] = field(default_factory=set)
    """Edges at which somebody tries numbers."""
    tokens: dict[tuple[EdgeId, int], Tokens] = field(default_factory=dict)
    """How many tokens began to be heard, by edge and minute."""
    taken_back: list[Interval] = field(default_factory=list)
    """Of passes that counted until an earlier scan of the same code came."""
    nobody: dict[Stream, set[str]] = field(default_factory=dict)
    """Tokens that mean nobody who may be known, by the stream that told of them."""
    twice: list[tuple[PersonId, CodeUse, CodeUse]] = field(default_factory=list)
    """Codes that were shown at two edges: whose, the scan that counts, and the other one."""
    groups: Groups = field(default_factory=lambda: NONE)
    """Of those of whom there is evidence, and who are joined with others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Everybody who might be meant, held until the work ends."""

    who: Mapping[PersonId, Acquaintance]
    meanings: Mapping[Reading, Sequence[Meant]]
    numbers: Collection[DeviceNo]
    """Of the device numbers that tokens say, those that somebody has."""
    cards: Mapping[CardRef, Card]
    numbered: Mapping[str, Sequence[PersonId]]
