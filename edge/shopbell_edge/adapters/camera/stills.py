"""Image files, bounded before they are unpacked.

Owns: what is accepted as an image.
Never: what is in it; opens a file: whoever hands over a descriptor has.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from shopbell_edge.adapters.camera.opencv import MOST_PIXELS

if TYPE_CHECKING:
    from cv2.typing import MatLike

MOST_BYTES: Final = 20_000_000
"""The largest photograph of a phone has 15 MB."""


_KINDS: Final = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|RIFF....WEBP|BM", re.DOTALL)
"""How PNG, JPEG, WebP and BMP begin. OpenCV goes by these first bytes and not by a name, and knows a dozen
kinds more that nobody photographs in, each with a parser of its own."""


class NotAnImageError(ValueError):
    """The file is no image that we read; `reason` says why, without its name."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def unpacked(opened: int) -> MatLike:
    """Return the image in the file `opened`, in grey, or raise NotAnImageError."""
    raw = _content(opened)
    if not 0 < len(raw) <= MOST_BYTES:
        raise NotAnImageError(f"empty, or more than {MOST_BYTES} bytes")
    if not _KINDS.match(raw):
        raise NotAnImageError("not an image")
    try:
        # Codes are black and white. Which way is up does not matter to them either.
        how = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION
        image: MatLike | None = cv2.imdecode(np.frombuffer(raw, np.uint8), how)
    except (cv2.error, MemoryError) as error:
        raise NotAnImageError(f"more than {MOST_PIXELS} pixels, or broken") from error
    if image is None:
        raise NotAnImageError("not an image")
    return image


def _content(opened: int) -> bytes:
    """Return what is in the file, or as much as shows that it is too much."""
    parts: list[bytes] = []
    left = MOST_BYTES + 1
    while left and (part := os.read(opened, min(left, 1 << 20))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
