"""A lamp of this machine, by the kernel's LED class (`/sys/class/leds`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Led:
    """The lamp in `folder`, to switch."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def switch(self, *, on: bool) -> None:
        """Light it fully or not at all; OSError if it is not there or not ours to light.

        To write 0 also takes it from the kernel's triggers (disk activity, heartbeat), by which the
        activity lamp of a Pi blinks otherwise.
        """
        brightness = self._folder / "brightness"
        if on:
            brightness.write_bytes(b"0\n")
        most = (self._folder / "max_brightness").read_bytes()
        brightness.write_bytes(most if on else b"0\n")
