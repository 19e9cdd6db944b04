"""Where a camera is in the file system, and how often one that is away is looked for."""

from __future__ import annotations

from pathlib import Path
from typing import Final

AGAIN_S: Final = 2.0
"""A camera that was unplugged is back within so long of being plugged in again."""


def place_of(device: int | str) -> Path:
    """Return the path of camera `device`: its number, or the name of a device or of a film."""
    return Path(device if isinstance(device, str) else f"/dev/video{device}")
