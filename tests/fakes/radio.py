"""A radio that plays a script."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from shopbell_edge.core.advertisement import Advertisement
from shopbell_edge.core.units import ScannerName
from shopbell_edge.ports import Health

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_edge.core.reception import Doubt

HEARING = Health(state="hearing", reason="playing")


class FakeRadio:
    """Plays advertisements, states of health and failures in the order in which they were given."""

    def __init__(self, *script: Advertisement | Health | Exception, scanner: str = "fake0") -> None:
        self.scanner = ScannerName(scanner)
        self.dropped: dict[str, int] = {}
        self.listening = False
        self.mended: list[tuple[Doubt, int]] = []
        self._script: asyncio.Queue[Advertisement | Health | Exception] = asyncio.Queue()
        self.play(*script)

    def play(self, *script: Advertisement | Health | Exception) -> None:
        """Add to the end of the script."""
        for item in script:
            self._script.put_nowait(item)

    async def played(self) -> None:
        """Wait until everything in the script was played."""
        await self._script.join()

    def mend(self, why: Doubt, tries: int) -> None:
        """Remember what was asked for."""
        self.mended.append((why, tries))

    async def listen(
        self, heard: Callable[[Advertisement], None], health: Callable[[Health], None]
    ) -> None:
        """Say that it hears, then play; an exception in the script is raised."""
        health(HEARING)
        self.listening = True
        try:
            while True:
                await self._play(heard, health)
        finally:
            self.listening = False

    async def _play(
        self, heard: Callable[[Advertisement], None], health: Callable[[Health], None]
    ) -> None:
        item = await self._script.get()
        try:
            if isinstance(item, Advertisement):
                heard(item)
            elif isinstance(item, Health):
                health(item)
            else:
                raise item
        finally:
            self._script.task_done()
