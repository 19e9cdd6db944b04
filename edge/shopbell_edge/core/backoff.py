"""How long to wait before trying again.

Owns: the ceiling of each wait.
Never: sleeps or throws dice. The dice are handed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Full jitter: each wait lies anywhere between zero and a ceiling that doubles up to `most_s`.

    A thousand edges that lost one broker together come back spread out, not in step.
    """

    first_s: float
    most_s: float

    def delays(self, uniform: Callable[[float, float], float]) -> Iterator[float]:
        """Yield seconds to wait, one per failure, for ever. Start anew after a success.

        `uniform(low, high)` returns a random number between the two.
        """
        ceiling_s = min(self.first_s, self.most_s)
        while True:
            yield uniform(0.0, ceiling_s)
            ceiling_s = min(ceiling_s * 2, self.most_s)
