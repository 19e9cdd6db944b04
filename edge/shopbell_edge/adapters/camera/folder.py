"""Image files that appear in a folder, each looked at once.

Owns: noticing them, and what becomes of a file that is read.
Never: writes into the folder, but for taking away what it was told to consume.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

import structlog

from shopbell_edge.adapters.camera.decoder import DecoderLostError, Patience
from shopbell_edge.adapters.camera.files import Files, UnreadableImageError
from shopbell_edge.adapters.camera.lives import Lives
from shopbell_edge.ports import Health

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from shopbell_edge.core.codes import Symbology
    from shopbell_edge.core.units import ScannerName
    from shopbell_edge.ports import Code

log = structlog.get_logger()

LOOK_S: Final = 0.05
"""Between two looks at the folder: nothing against the second in which a pass shall be on the board."""

REST: Final = 9
"""A look at 10 000 files takes a twentieth of a second. The pause after it is at least so many times as long,
so that a folder which somebody has filled takes a tenth of a core, and not all of it."""

SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp"})

TRIES: Final = 2
"""A decoder that was killed by somebody else must not cost a picture; a picture must not kill for ever."""


class Folder:
    """A CodeReader of the images in `path`. Whoever puts one there renames it into place when complete.

    `count` is told what is worth counting, and how many.
    """

    def __init__(  # noqa: PLR0913  (what it works with, each by name)
        self,
        scanner: ScannerName,
        path: Path,
        *,
        consume: bool,
        retail: Sequence[Symbology],
        count: Callable[[str, int], None],
        uniform: Callable[[float, float], float],
        patience: Patience | None = None,
    ) -> None:
        self._scanner = scanner
        self._path = path
        self._consume = consume
        self._count = count
        self._lives = Lives(uniform)
        self._files = Files(retail, patience)
        self._seen: set[tuple[str, int]] = set()
        """Of the files that are there: name, and when it was changed last."""
        self._there: bool | None = None
        self._hearing = ""

    @property
    def scanner(self) -> ScannerName:
        """Its name in events."""
        return self._scanner

    @property
    def pid(self) -> int | None:
        """The process of the decoder, while there is one."""
        return self._files.pid

    async def codes(self, health: Callable[[Health], None]) -> AsyncIterator[Code]:
        """Yield the codes of every image, once, until closed; a folder that is not there is waited for."""
        async with self._files:
            await self._start(health)
            while True:
                began = time.monotonic()
                new = await asyncio.to_thread(self._new)
                took_s = time.monotonic() - began
                self._say(health, there=new is not None)
                for file in new or ():
                    codes = await self._codes_of(file, health)
                    for code in codes or ():
                        yield code
                    # Only now, when they are judged and kept.
                    if self._consume:
                        await asyncio.to_thread(self._take, file, read=codes is not None)
                await asyncio.sleep(max(LOOK_S, REST * took_s))

    async def _codes_of(
        self, file: Path, health: Callable[[Health], None]
    ) -> Sequence[Code] | None:
        """Return the codes in `file`; None if it cannot be read, or kills whoever tries."""
        reason = ""
        for _ in range(TRIES):
            try:
                codes = await self._files.read(file)
            except UnreadableImageError as error:
                reason = error.reason
                break
            except DecoderLostError as lost:
                reason = lost.reason
                await self._lost(lost, health)
                await self._start(health)
                self._say(health, there=True)
            else:
                self._lives.go_on()
                self._count("images", 1)
                return codes
        self._count("unreadable", 1)
        log.warning("image_unreadable", scanner=self._scanner, reason=reason)
        return None

    async def _start(self, health: Callable[[Health], None]) -> None:
        """Return once there is a decoder."""
        while True:
            try:
                ready = await self._files.start()
            except DecoderLostError as lost:
                await self._lost(lost, health)
            else:
                self._hearing = self._lives.reason("folder_opened", ready, self._scanner)
                self._there = None
                return

    async def _lost(self, lost: DecoderLostError, health: Callable[[Health], None]) -> None:
        self._count(lost.reason, 1)
        health(Health(state="blind", reason=lost.reason, for_ms=lost.for_ms))
        await self._files.stop()
        await asyncio.sleep(self._lives.ended())

    def _say(self, health: Callable[[Health], None], *, there: bool) -> None:
        if there is self._there:
            return
        self._there = there
        health(
            Health(state="hearing", reason=self._hearing)
            if there
            else Health(state="blind", reason="no_folder")
        )

    def _new(self) -> list[Path] | None:
        """Return files not seen before, oldest first; None if there is no folder to be looked into."""
        try:
            files = [
                file
                for file in self._path.iterdir()
                if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
            ]
        except OSError:
            return None
        there = {(file.name, at): file for file in files if (at := _changed_ns(file)) is not None}
        new = sorted((at, there[name, at]) for name, at in there.keys() - self._seen)
        self._seen = set(there)
        return [file for _, file in new]

    def _take(self, file: Path, *, read: bool) -> None:
        """Take away what was read; set aside what was not, for somebody meant something by it.

        What cannot be taken away (a folder in its place, another's file in a folder of everybody's) stays,
        and is not looked at again.
        """
        try:
            if read:
                file.unlink()
            else:
                file.rename(file.with_suffix(".unreadable"))
        except FileNotFoundError:
            pass  # somebody else has taken it away
        except OSError as error:
            self._count("not_taken", 1)
            log.warning("image_not_taken", scanner=self._scanner, reason=error.strerror)


def _changed_ns(file: Path) -> int | None:
    """Return when `file` was changed last; None if it went between two looks, or is a link to nothing."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return None
