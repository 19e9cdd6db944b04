"""Checkpoints in memory, and somebody elsewhere who keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.ports.sinks import Outcome

if TYPE_CHECKING:
    from shopbell_server.core.audit.chain import Checkpoint
    from shopbell_server.core.ids import Millis


class MemoryCheckpoints:
    def __init__(self) -> None:
        self.kept: list[Checkpoint] = []

    def last(self) -> Checkpoint | None:
        return self.kept[-1] if self.kept else None

    def before(self, at_ms: Millis) -> Checkpoint | None:
        return next((each for each in self.kept[::-1] if each.at_ms <= at_ms), None)

    def append(self, checkpoint: Checkpoint) -> None:
        self.kept.append(checkpoint)


class FakeReceiver:
    """Keeps what it is given, or answers with the next of `outcomes` instead."""

    def __init__(self) -> None:
        self.kept = b""
        self.outcomes: list[Outcome] = []

    def keep(self, lines: bytes) -> Outcome:
        if self.outcomes:
            return self.outcomes.pop(0)
        self.kept += lines
        return Outcome(kind="delivered", reason="HTTP 204")
