"""Feedback that a test can look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shopbell_edge.core.answering import Answer


class FakeFeedback:
    """Remembers what was answered; `away` plays a device that is not there."""

    def __init__(self) -> None:
        self.given: list[Answer] = []
        self.away = False

    async def give(self, answer: Answer) -> bool:
        if self.away:
            return False
        self.given.append(answer)
        return True
