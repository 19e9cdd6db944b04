"""A camera before which people hold codes.

Owns: keeping a decoder at it, and saying how it is.
Never: sees a frame. The decoder does, in its own process.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from shopbell_edge.adapters.camera.decoder import Decoder, DecoderLostError, Patience
from shopbell_edge.adapters.camera.lives import Lives
from shopbell_edge.adapters.camera.messages import Camera, Ready, Seen, Tick
from shopbell_edge.adapters.camera.place import AGAIN_S, place_of
from shopbell_edge.ports import Code, Health

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from shopbell_edge.adapters.camera.messages import Live
    from shopbell_edge.core.units import ScannerName


class LiveCamera:
    """A CodeReader of the camera in `task`. `count` is told what is worth counting, and how many."""

    def __init__(
        self,
        scanner: ScannerName,
        task: Live,
        count: Callable[[str, int], None],
        uniform: Callable[[float, float], float],
        patience: Patience | None = None,
    ) -> None:
        self._scanner = scanner
        self._task = task
        self._count = count
        self._lives = Lives(uniform)
        self._patience = patience or Patience()
        self._absent = False
        self.pid: int | None = None
        """The process of the decoder, while there is one."""

    @property
    def scanner(self) -> ScannerName:
        """Its name in events."""
        return self._scanner

    async def codes(self, health: Callable[[Health], None]) -> AsyncIterator[Code]:
        """Yield every code read, repeats included, until closed."""
        while True:
            if not await asyncio.to_thread(_is_there, self._task.device):
                self._say_absent(health)
                await asyncio.sleep(AGAIN_S)
                continue
            try:
                async with Decoder(self._task) as decoder:
                    self.pid = decoder.pid
                    async with aclosing(self._watch(decoder, health)) as codes:
                        async for code in codes:
                            yield code
                health(Health(state="blind", reason="camera_lost"))
                await asyncio.sleep(AGAIN_S)
            except DecoderLostError as lost:
                self._count(lost.reason, 1)
                health(Health(state="blind", reason=lost.reason, for_ms=lost.for_ms))
                await asyncio.sleep(self._lives.ended())
            finally:
                self.pid = None

    async def _watch(
        self, decoder: Decoder, health: Callable[[Health], None]
    ) -> AsyncGenerator[Code]:
        """Yield codes until the camera is lost."""
        opened = ""
        while True:
            said = await decoder.hear(self._patience.live_s if opened else self._patience.start_s)
            match said:
                case Seen():
                    yield Code(format=said.format, text=said.text)
                case Tick():
                    self._count("frames", said.frames)
                    self._count("decoded", said.decoded)
                    self._lives.go_on()
                case Camera(state="absent"):  # something has its name and does not open
                    self._say_absent(health)
                case Ready():
                    opened = self._lives.reason("camera_opened", said, self._scanner)
                    self._absent = False
                    health(Health(state="hearing", reason=opened))
                case Camera(state="lost"):
                    return
                case _:
                    raise DecoderLostError("decoder_garbled")

    def _say_absent(self, health: Callable[[Health], None]) -> None:
        if not self._absent:
            self._absent = True
            health(Health(state="blind", reason="no_camera"))


def _is_there(device: int | str) -> bool:
    """Return whether there is something to open: to find out by a decoder costs half a second each time."""
    return place_of(device).exists()
