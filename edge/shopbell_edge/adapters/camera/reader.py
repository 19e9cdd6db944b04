"""A source of images in a thread of its own, its codes on the event loop.

Owns: the thread, and the one queue between it and the loop.
Never: where images come from (`device`, `folder`).
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Protocol

from shopbell_edge.ports import Code

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from shopbell_edge.core.units import ScannerName
    from shopbell_edge.ports import Health

_MOST_WAITING: Final = 256
"""Codes read and not yet judged. Judging takes microseconds; a picture full of codes must not block
the camera, and what is over is read again in the next frame."""


class Images(Protocol):
    """Where images come from. Belongs to the thread that looks."""

    def look(
        self,
        stop: threading.Event,
        found: Callable[[Code], None],
        health: Callable[[Health], None],
    ) -> None:
        """Call `found` for every code until `stop` is set, which it must notice within a second or so."""
        ...


class ImageReader:
    """A CodeReader of the images in `images`."""

    def __init__(self, scanner: ScannerName, images: Images) -> None:
        self._scanner = scanner
        self._images = images

    @property
    def scanner(self) -> ScannerName:
        """Its name in events."""
        return self._scanner

    async def codes(self, health: Callable[[Health], None]) -> AsyncIterator[Code]:
        """Yield every code read, repeats included, until closed."""
        loop = asyncio.get_running_loop()
        bridge = _Bridge(loop)
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=self._scanner)
        looking = loop.run_in_executor(thread, bridge.look, self._images)
        try:
            while (news := await bridge.waiting.get()) is not None:
                if isinstance(news, Code):
                    yield news
                else:
                    health(news)
            await looking  # it ended by itself: its error, if it has one, is ours
        finally:
            bridge.stop.set()
            await asyncio.wait([looking])
            thread.shutdown(wait=False)


class _Bridge:
    """What the thread has to say, on its way to the loop; None is its last word."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.waiting: asyncio.Queue[Code | Health | None] = asyncio.Queue(_MOST_WAITING)
        self.stop = threading.Event()

    def look(self, images: Images) -> None:
        """Look at `images`. On the thread."""
        try:
            images.look(self.stop, self._tell, self._tell)
        finally:
            self._loop.call_soon_threadsafe(self._put, None)

    def _tell(self, news: Code | Health) -> None:
        if not self.stop.is_set():
            self._loop.call_soon_threadsafe(self._put, news)

    def _put(self, news: Code | Health | None) -> None:
        if self.waiting.full():
            if isinstance(news, Code):
                return  # it is read again in the next frame
            self.waiting.get_nowait()
        self.waiting.put_nowait(news)
