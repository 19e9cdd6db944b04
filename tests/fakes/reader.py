"""A reader of codes whose codes come from the test."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from shopbell_edge.core.codes import UnknownCode, Why
from shopbell_edge.core.units import ScannerName
from shopbell_edge.ports import Code, Health

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


class FakeReader:
    """Reads what it is told to, in order."""

    def __init__(self, scanner: str = "reader0") -> None:
        self.scanner = ScannerName(scanner)
        self._script: asyncio.Queue[Code | UnknownCode | Health] = asyncio.Queue()

    def read(self, symbology: str, text: str) -> None:
        self._script.put_nowait(Code(format=symbology, text=text))

    def misread(self, why: Why) -> None:
        self._script.put_nowait(UnknownCode(why=why))

    def feel(self, state: Literal["hearing", "blind", "suspect"], reason: str) -> None:
        self._script.put_nowait(Health(state=state, reason=reason))

    async def done(self) -> None:
        """Wait until everything so far was read and judged."""
        async with asyncio.timeout(10):
            await self._script.join()

    async def codes(self, health: Callable[[Health], None]) -> AsyncIterator[Code | UnknownCode]:
        while True:
            item = await self._script.get()
            try:
                if isinstance(item, Health):
                    health(item)
                else:
                    yield item
            finally:
                self._script.task_done()
