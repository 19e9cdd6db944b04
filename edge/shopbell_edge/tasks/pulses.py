"""Which loops still go round."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from shopbell_edge.core.liveness import stalled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shopbell_edge.core.liveness import BeatRules
    from shopbell_edge.ports import EdgeClock


class Pulses:
    """Every loop in `names` must call `tell` at least every 5 s, idle or not.

    One that may have nothing to do for days is watched while it has something `in_hand`.
    """

    def __init__(self, clock: EdgeClock, names: Iterable[str]) -> None:
        self._clock = clock
        self._progress = dict.fromkeys(names, clock.boottime())

    def tell(self, name: str) -> None:
        """Say that the loop `name` went round; KeyError if nobody watches that name."""
        if name not in self._progress:
            raise KeyError(name)
        self._progress[name] = self._clock.boottime()

    @contextmanager
    def in_hand(self, name: str) -> Iterator[None]:
        """Watch the loop `name`, which is none of the others, for as long as this lasts."""
        self._progress[name] = self._clock.boottime()
        try:
            yield
        finally:
            del self._progress[name]

    def stalled(self, rules: BeatRules) -> tuple[str, ...]:
        """Return the names of the loops that have not been heard of for too long."""
        return stalled(self._progress, self._clock.boottime(), rules)
