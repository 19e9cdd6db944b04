"""What the demo says, and when.

Owns: the line of a moment, with the seconds since the program was started.
Never: what there is to say.
"""

from __future__ import annotations

import time
from typing import TextIO


class Terminal:
    """Prints at once, for somebody who waits."""

    def __init__(self, out: TextIO) -> None:
        """Count from the start of this process: what it took to load is part of the wait."""
        self._out = out
        self._began_s = time.monotonic() - time.process_time()

    def say(self, text: str) -> None:
        """Print what has just become true."""
        self.show(f"[{time.monotonic() - self._began_s:5.1f} s] {text}")

    def show(self, text: str) -> None:
        """Print something to read or to photograph."""
        print(text, file=self._out, flush=True)
