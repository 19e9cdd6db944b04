"""Somebody who listens to a radio and remembers what it said."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from shopbell_edge.core.advertisement import Advertisement
    from shopbell_edge.ports import Health, Radio

WITHIN_S: Final = 60.0


class Listener:
    """What a radio said since `listening` began."""

    def __init__(self) -> None:
        self.adverts: list[Advertisement] = []
        self.health: list[Health] = []
        self._news = asyncio.Event()

    @property
    def last(self) -> Health | None:
        """Its last state of health."""
        return self.health[-1] if self.health else None

    @property
    def reasons(self) -> list[str]:
        """Why it was what it was, in order."""
        return [health.reason for health in self.health]

    def heard(self, advertisement: Advertisement) -> None:
        self.adverts.append(advertisement)
        self._news.set()

    def healthy(self, health: Health) -> None:
        self.health.append(health)
        self._news.set()

    async def hears(self, count: int, *, within_s: float = WITHIN_S) -> list[Advertisement]:
        """Wait until `count` advertisements were heard in all; return them."""
        await self._until(lambda: len(self.adverts) >= count, within_s)
        return self.adverts

    async def is_hearing(self, *, within_s: float = WITHIN_S) -> None:
        """Wait until it says that it hears."""
        await self._until(lambda: self.last is not None and self.last.state == "hearing", within_s)

    async def is_blind(self, reason: str, *, within_s: float = WITHIN_S) -> None:
        """Wait until it has said, at any time, that it is blind for this reason."""
        await self._until(
            lambda: any(h.state == "blind" and h.reason == reason for h in self.health), within_s
        )

    def forget(self) -> None:
        """Begin anew, but for the last state of health."""
        self.adverts.clear()
        del self.health[:-1]

    async def _until(self, reached: Callable[[], bool], within_s: float) -> None:
        try:
            async with asyncio.timeout(within_s):
                while not reached():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(
                f"after {within_s:.0f} s: {len(self.adverts)} heard, health {self.reasons}"
            ) from None


@contextlib.asynccontextmanager
async def listening(radio: Radio) -> AsyncIterator[Listener]:
    """Listen until the end of the block. A radio that ends by itself fails the test."""
    listener = Listener()
    task = asyncio.create_task(radio.listen(listener.heard, listener.healthy))
    try:
        yield listener
    finally:
        early = task.done()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert not early, "the radio stopped listening by itself"
