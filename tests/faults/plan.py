"""When what is killed: a function of the seed.

Moments are counted in events that the edges accepted, so that a slow machine strikes at the same places
of the flow as a fast one.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

What = Literal["edge", "server", "broker", "database"]

EVENTS: Final = 2_000
"""How many events flow while things are killed."""

LONGEST_AWAY_S: Final = 1.5
"""Long enough for resends and reconnections to begin, short enough for many strikes in one flow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """Kill all of `what` (`edge` is the edge's, if one is among them) after so many accepted events."""

    after: int
    what: frozenset[What]
    edge: str
    away_s: float


def plan(seed: int, kinds: Sequence[What], edges: Sequence[str]) -> list[Strike]:
    """Return a strike at each of `kinds` in some order, and one at all of them together."""
    dice = random.Random(seed)
    hits = [frozenset({kind}) for kind in kinds] + [frozenset(kinds)]
    dice.shuffle(hits)
    moments = sorted(dice.randrange(EVENTS // 20, EVENTS * 19 // 20) for _ in hits)
    return [
        Strike(
            after=moment,
            what=what,
            edge=dice.choice(list(edges)),
            away_s=dice.uniform(0, LONGEST_AWAY_S),
        )
        for moment, what in zip(moments, hits, strict=True)
    ]


def seeds(number: int) -> list[int]:
    """Return the seeds to run: 1 to `number`, or those in `SHOPBELL_FAULT_SEEDS` ("7,8,9")."""
    said = os.environ.get("SHOPBELL_FAULT_SEEDS")
    return list(range(1, number + 1)) if not said else [int(each) for each in said.split(",")]
