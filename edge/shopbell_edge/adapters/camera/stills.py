"""Image files, bounded before they are unpacked.

Owns: what is accepted as an image.
Never: what is in it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from cv2.typing import MatLike

MOST_BYTES: Final = 20_000_000
"""The largest photograph of a phone has 15 MB."""

MOST_PIXELS: Final = 60_000_000
"""A phone's 48 megapixels; unpacked they are 180 MB. A file of 20 KB may claim a billion."""

# OpenCV reads these from the environment and nowhere else. It would complain of a broken file on
# standard error; whoever loads it says so better.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MOST_PIXELS))
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")

import cv2  # noqa: E402  # after its limits are set


class UnreadableImageError(ValueError):
    """The file is no image that we read; `reason` says why, without its name."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def load(file: Path) -> MatLike:
    """Return the image in `file` (BGR), or raise UnreadableImageError."""
    try:
        if not file.is_file():  # nor a pipe, which would be waited for
            raise UnreadableImageError("no such file")
        with file.open("rb") as opened:
            return _unpacked(opened.fileno())
    except OSError as error:
        raise UnreadableImageError(error.strerror or "cannot be read") from error


def _unpacked(number: int) -> MatLike:
    size = os.fstat(number).st_size
    if not 0 < size <= MOST_BYTES:
        raise UnreadableImageError(f"{size} bytes, at least 1 and at most {MOST_BYTES}")
    try:
        # By its number: OpenCV 5.0 dies, without an exception, of a name that is not UTF-8.
        image = cv2.imread(f"/proc/self/fd/{number}", cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise UnreadableImageError(f"more than {MOST_PIXELS} pixels, or broken") from error
    if image is None:
        raise UnreadableImageError("not an image")
    return image
