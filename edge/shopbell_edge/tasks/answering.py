"""Answers to those who hold up codes, beside the reading of the next code."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_edge.core.answering import Answer
    from shopbell_edge.core.tally import Tally
    from shopbell_edge.core.units import ScannerName
    from shopbell_edge.ports import Feedback


class Answering:
    """The answers of one reader, each in all its ways at once. Run it once."""

    def __init__(self, scanner: ScannerName, ways: Sequence[Feedback], tally: Tally) -> None:
        self._scanner = scanner
        self._tally = tally
        self._ways = [_Way(way) for way in ways]

    def say(self, answer: Answer) -> None:
        """Give `answer` as soon as the one before it is over; an older one that still waits is dropped."""
        for way in self._ways:
            way.waiting.append(answer)
            way.news.set()

    async def run(self) -> None:
        """Answer until cancelled. An answer that could not be given is counted (`unanswered`)."""
        async with asyncio.TaskGroup() as tasks:
            for way in self._ways:
                tasks.create_task(self._give(way), name="answer")

    async def _give(self, way: _Way) -> None:
        while True:
            await way.news.wait()
            way.news.clear()
            while way.waiting:
                if not await way.feedback.give(way.waiting.popleft()):
                    self._tally.codes[self._scanner, "unanswered"] += 1


class _Way:
    def __init__(self, feedback: Feedback) -> None:
        self.feedback = feedback
        self.waiting: deque[Answer] = deque(maxlen=1)
        self.news = asyncio.Event()
