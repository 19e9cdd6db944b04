"""A sink that answers as told, held to the contract tests of the real ones."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from shopbell_server.ports.sinks import Letter, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WAIT_S = 20.0
DELIVERED = Outcome(kind="delivered", reason="taken")


def failed(retry_after_s: float | None = None) -> Outcome:
    return Outcome(kind="retry", reason="busy", retry_after_s=retry_after_s)


class FakeSink:
    """Takes everything, unless the next of `outcomes` says otherwise.

    `offered` holds every letter of every attempt, `taken` those that were delivered. While `hold()` is
    on, `deliver` does not return.
    """

    def __init__(self, name: str = "cdp", *, at_once: int = 100) -> None:
        self.offered: list[Letter] = []
        self.taken: list[Letter] = []
        self.outcomes: deque[Outcome] = deque()
        self.closed = False
        self._name = name
        self._at_once = at_once
        self._free = threading.Event()
        self._free.set()
        self._changed = threading.Condition()

    @property
    def name(self) -> str:
        return self._name

    @property
    def at_once(self) -> int:
        return self._at_once

    @property
    def patience_s(self) -> float:
        return WAIT_S

    def hold(self) -> None:
        self._free.clear()

    def let_go(self) -> None:
        self._free.set()

    def until(self, what: str, true: Callable[[], bool]) -> None:
        """Return once `true` holds; it is asked again after everything that is delivered."""
        with self._changed:
            assert self._changed.wait_for(true, WAIT_S), f"{what}: not within {WAIT_S:.0f} s"

    def deliver(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        assert len(letters) <= self._at_once
        with self._changed:
            self.offered += letters
            self._changed.notify_all()
        self._free.wait(WAIT_S)
        outcomes = [self.outcomes.popleft() if self.outcomes else DELIVERED for _ in letters]
        with self._changed:
            self.taken += [
                letter
                for letter, outcome in zip(letters, outcomes, strict=True)
                if outcome.kind == "delivered"
            ]
            self._changed.notify_all()
        return outcomes

    def close(self) -> None:
        self.closed = True
