"""A serial scanner of which the wire is a pseudo-terminal: the kernel's own line discipline, no USB."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path


class PtyScanner:
    """Comes and goes behind the name `path`, as under /dev/serial/by-id. Unplugged at first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._master: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._master is not None:
            self.unplug()

    def plug(self) -> None:
        """Appear, on another terminal each time."""
        self._master, slave = os.openpty()
        os.set_blocking(self._master, False)
        self.path.symlink_to(os.ttyname(slave))
        os.close(slave)

    def unplug(self) -> None:
        """Hang up, and take the name away."""
        self.path.unlink()
        os.close(self._wire)
        self._master = None

    def send(self, raw: bytes) -> None:
        """Say `raw`, whatever it is; what nobody listens to is lost, as on a wire."""
        view = memoryview(raw)
        with contextlib.suppress(BlockingIOError):
            while view:
                view = view[os.write(self._wire, view) :]

    def scan(self, text: str) -> None:
        """Read a code."""
        self.send(text.encode() + b"\r")

    def heard(self) -> bytes:
        """Return what was said to it since the last call."""
        try:
            return os.read(self._wire, 4096)
        except (BlockingIOError, OSError):
            return b""

    @property
    def _wire(self) -> int:
        assert self._master is not None, "it is not plugged in"
        return self._master
