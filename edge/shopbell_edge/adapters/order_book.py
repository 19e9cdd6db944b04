"""What was ordered, in a file beside the spool.

Owns: its bytes, that a power cut leaves the old or the new ones whole, and what becomes of broken ones.
Never: what a book says (`core.standing`).

The first line is the SHA-256 of the rest: half a number would be another number.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec

from shopbell_edge.core.standing import Book

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES: Final = 1_000_000
"""Two documents of 64 KiB in base64 are 175 KB, a hundred answers 60 KB."""

_decoder: Final = msgspec.json.Decoder(Book)


class FileOrderBook:
    """An OrderBook at `path`. One process at a time: whoever has the spool."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Book | Path:
        """Return what is kept: an empty Book where nothing ever was.

        A file that cannot be understood is moved out of the way (one, the newest), and its new place
        returned. Raises OSError if it cannot be read.
        """
        try:
            with self._path.open("rb") as file:
                raw = file.read(_MOST_BYTES)
        except FileNotFoundError:
            return Book()
        digest, _, body = raw.partition(b"\n")
        with suppress(msgspec.MsgspecError, UnicodeDecodeError):
            if digest == sha256(body).hexdigest().encode():
                return _decoder.decode(body)
        aside = self._path.with_name(f"{self._path.name}.bad")
        self._path.replace(aside)
        return aside

    async def keep(self, book: Book) -> None:
        """Replace what is kept, durably; off the event loop.

        Whoever is cancelled meanwhile ends when it is written: it must not come after a later book.
        """
        writing = asyncio.get_running_loop().run_in_executor(None, self.write, book)
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait([writing])
            raise

    def write(self, book: Book) -> None:
        """Do the same, on this thread."""
        body = msgspec.json.encode(book)
        part = self._path.with_name(f"{self._path.name}.part")
        with open(part, "wb", opener=_private) as file:
            file.write(sha256(body).hexdigest().encode() + b"\n" + body)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)
        # The name too: without this a power cut may bring back the old book, and with it an old number.
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
