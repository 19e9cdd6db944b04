"""Listens to a reader of codes beside a test."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from shopbell_edge.core.codes import UnknownCode
from tests.edge.tasks.running import running
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shopbell_edge.ports import CodeReader, Health


class Heard:
    """What a reader said: codes as (symbology, text) or why they are none, moods as (state, reason)."""

    def __init__(self, reader: CodeReader) -> None:
        self.codes: list[tuple[str, str] | str] = []
        self.moods: list[tuple[str, str]] = []
        self._reader = reader

    async def listen(self) -> None:
        async for code in self._reader.codes(self._feel):
            if isinstance(code, UnknownCode):
                self.codes.append(str(code.why))
            else:
                self.codes.append((code.format, code.text))

    async def mood(self, *moods: tuple[str, str]) -> None:
        """Wait until the moods so far are `moods`; a change takes no longer than F21 allows."""
        try:
            await until("felt", lambda: len(self.moods) >= len(moods), within_s=5)
        finally:
            assert self.moods == list(moods)

    async def read(self, *codes: tuple[str, str] | str) -> None:
        """Wait until what was read so far is `codes`."""
        try:
            await until("read", lambda: len(self.codes) >= len(codes))
        finally:
            assert self.codes == list(codes)

    def _feel(self, health: Health) -> None:
        self.moods.append((health.state, health.reason))


@asynccontextmanager
async def reading(reader: CodeReader) -> AsyncIterator[Heard]:
    """Listen to `reader` until the context ends."""
    heard = Heard(reader)
    async with running(heard.listen()):
        yield heard
