"""What OpenCV reads from the environment, and nowhere else, when it is loaded.

Owns: its limits.
Never: loads it. The edge hands this to its decoder.
"""

from __future__ import annotations

from typing import Final

MOST_PIXELS: Final = 60_000_000
"""Of an image file: a phone's 48 megapixels. Unpacked they are 60 MB in grey, 180 in colour. A file of
20 KB may claim a billion."""

ENVIRONMENT: Final = {
    "OPENCV_IO_MAX_IMAGE_PIXELS": str(MOST_PIXELS),
    # Seconds in which a camera that hangs gives up a frame; the default, 10, is longer than our patience.
    "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT": "3",
    # It would complain of a broken file; whoever reads it says so better.
    "OPENCV_LOG_LEVEL": "SILENT",
    # A code is searched on one core; each thread more would take 8 MB of stack, and address space.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
