"""Image files handed to a decoder, one by one.

Owns: opening them, and the codes that come back.
Never: reads them. The decoder does, in its own process.
"""

from __future__ import annotations

import asyncio
import os
import stat
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final, Self

from shopbell_edge.adapters.camera.decoder import Decoder, DecoderLostError, Patience
from shopbell_edge.adapters.camera.messages import Done, Ready, Seen, Stills
from shopbell_edge.ports import Code

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from shopbell_edge.core.codes import Symbology

MOST_CODES: Final = 1_000
"""Of one image: the decoder's library stops at 255 for each of three looks. What says more is not it."""


class UnreadableImageError(ValueError):
    """The file is no image that we read; `reason` says why, without its name."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Files:
    """A decoder that looks for passes and barcodes of the symbologies `retail` in files."""

    def __init__(self, retail: Sequence[Symbology], patience: Patience | None = None) -> None:
        self._task = Stills(retail=tuple(retail))
        self._patience = patience or Patience()
        self._life = AsyncExitStack()
        self._decoder: Decoder | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def pid(self) -> int | None:
        """The decoder's process, while there is one."""
        return None if self._decoder is None else self._decoder.pid

    async def start(self) -> Ready:
        """Start the decoder; return what it says of its fence.

        Raises DecoderLostError; ModuleNotFoundError where the extra is not installed.
        """
        decoder = await self._life.enter_async_context(Decoder(self._task))
        ready = await decoder.hear(self._patience.start_s)
        if not isinstance(ready, Ready):
            raise DecoderLostError("decoder_garbled")
        self._decoder = decoder
        return ready

    async def stop(self) -> None:
        """End the decoder, if there is one."""
        self._decoder = None
        life, self._life = self._life, AsyncExitStack()
        await life.aclose()

    async def read(self, file: Path) -> list[Code]:
        """Return the codes in `file`. Raises UnreadableImageError, or DecoderLostError: `stop`, `start`."""
        if self._decoder is None:
            raise DecoderLostError("decoder_died")
        opened = await asyncio.to_thread(_opened, file)
        try:
            self._decoder.show(opened)
        finally:
            os.close(opened)
        codes: list[Code] = []
        while len(codes) < MOST_CODES:
            match await self._decoder.hear(self._patience.still_s):
                case Seen() as seen:
                    codes.append(Code(format=seen.format, text=seen.text))
                case Done(unreadable=""):
                    return codes
                case Done() as done:
                    raise UnreadableImageError(done.unreadable)
                case _:
                    break
        raise DecoderLostError("decoder_garbled")


def _opened(file: Path) -> int:
    """Return a descriptor of a regular file, without waiting for a pipe that has such a name."""
    try:
        opened = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise UnreadableImageError(error.strerror or "cannot be opened") from error
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise UnreadableImageError("no such file")
    return opened
