"""The beep of a handheld scanner as something to be found by.

Owns: nothing of the scanner but its tone.
Never: which scanner there is; after it was started anew it is another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_edge.adapters.usb_scanner.reader import UsbScanner


class Bell:
    """A Sign: the tone of what `scanner` returns."""

    def __init__(self, scanner: Callable[[], UsbScanner]) -> None:
        self._scanner = scanner

    @property
    def name(self) -> str:
        """Return what it is called."""
        return f"the bell of {self._scanner().scanner}"

    def borrow(self) -> None:
        """Beep once; OSError while it is unplugged."""
        self.switch(on=True)
        self.switch(on=False)

    def switch(self, *, on: bool) -> None:
        """Begin or end a tone."""
        self._scanner().switch(on=on)

    def give_back(self) -> None:
        """Do nothing: a tone has ended."""
