"""A photograph of a pass, as a camera at the till would take it.

Owns: the pixels of a grey frame with a QR code held into it, and their PNG.
Never: what the code says, or where the picture goes.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH: Final = 640
HEIGHT: Final = 480
"""What a cheap camera gives; codes of ours are read at 150 pixels in 99 % of such frames."""

CODE_PIXELS: Final = 150
"""A phone held half a metre before the camera."""

QUIET_MODULES: Final = 4
"""White around a QR code (ISO/IEC 18004)."""

_BACKGROUND: Final = 0x5A
"""A jacket: neither black nor white."""
_WHITE: Final = 0xF0
_BLACK: Final = 0x18
"""A phone's screen, seen by a camera: no pure black or white."""

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_GREY_8: Final = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0)


def photograph(modules: Sequence[Sequence[bool]], left: int, top: int) -> bytes:
    """Return a PNG of WIDTH x HEIGHT, grey, with the code at about CODE_PIXELS, its corner at `left`, `top`.

    `modules` are the rows of the code without its quiet zone, true is dark. A corner that would push the
    code out of the frame is moved in.
    """
    size = len(modules) + 2 * QUIET_MODULES
    scale = max(1, CODE_PIXELS // size)
    side = size * scale
    left = min(max(left, 0), WIDTH - side)
    top = min(max(top, 0), HEIGHT - side)
    before = bytes([_BACKGROUND]) * left
    after = bytes([_BACKGROUND]) * (WIDTH - left - side)
    empty = bytes([_BACKGROUND]) * WIDTH
    rows = [empty] * HEIGHT
    for number, row in enumerate(_bordered(modules)):
        line = b"".join(bytes([_BLACK if dark else _WHITE]) * scale for dark in row)
        for each in range(top + number * scale, top + (number + 1) * scale):
            rows[each] = before + line + after
    # Every line begins with its filter; 0 is none.
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 6)
    return _PNG + _chunk(b"IHDR", _GREY_8) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _bordered(modules: Sequence[Sequence[bool]]) -> list[list[bool]]:
    width = len(modules) + 2 * QUIET_MODULES
    quiet = [[False] * width for _ in range(QUIET_MODULES)]
    sides = [False] * QUIET_MODULES
    return [*quiet, *([*sides, *row, *sides] for row in modules), *quiet]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
