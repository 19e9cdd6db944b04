"""A supervisor that remembers what it was told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class FakeSupervisor:
    def __init__(self) -> None:
        self.told: list[str] = []
        self._more = asyncio.Event()

    def ready(self) -> None:
        self._tell("ready")

    def alive(self) -> None:
        self._tell("alive")

    def stopping(self) -> None:
        self._tell("stopping")

    async def until(self, true: Callable[[], bool]) -> None:
        """Return once `true` holds; it is asked again after everything that is told."""
        async with asyncio.timeout(10):
            while not true():
                self._more.clear()
                await self._more.wait()

    def _tell(self, what: str) -> None:
        self.told.append(what)
        self._more.set()
