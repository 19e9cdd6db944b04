"""One scanner's task, that can be ended and begun anew while all others go on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

PATIENCE_S: Final = 15.0
"""For the old one to end and the new one to begin: bluetoothd answers within ten, or not at all."""


class Attended:
    """Runs what `make` makes. Run it once."""

    def __init__(self, make: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._make = make
        self._over = asyncio.Event()
        self._began = asyncio.Event()
        self._again = False

    async def run(self) -> None:
        """Run one after the other until cancelled, or until one ends by itself; raises what one raises."""
        while True:
            self._again = False
            self._over.clear()
            async with asyncio.TaskGroup() as tasks:
                work = tasks.create_task(self._make(), name="attended")
                work.add_done_callback(self._note)
                self._began.set()
                await self._over.wait()
                work.cancel()
            if not self._again:
                return

    async def restart(self) -> bool:
        """End what runs and begin anew; return whether that came about within PATIENCE_S."""
        self._again = True
        self._began.clear()
        self._over.set()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._began.wait()
        except TimeoutError:
            return False
        return True

    def _note(self, _work: object) -> None:
        self._over.set()
