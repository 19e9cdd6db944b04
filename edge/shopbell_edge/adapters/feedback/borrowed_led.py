"""A lamp that the kernel uses for something else, and gets back.

Owns: its trigger (`/sys/class/leds/NAME/trigger`), and the note by which it is given back even after a kill.
Never: the rhythm.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from shopbell_edge.adapters.feedback.led import Led

if TYPE_CHECKING:
    from pathlib import Path

_CHOSEN: Final = re.compile(rb"\[([^\[\]\s]{1,64})\]")
"""The kernel lists all triggers, and puts the one that is chosen in brackets."""

_NOTE: Final = re.compile(rb"([^\s/.][^\s/]{0,62}) ([^\[\]\s]{1,64}) ([0-9]{1,6})\n", re.ASCII)
"""Lamp, trigger, brightness."""

_NONE: Final = b"none"


class BorrowedLed:
    """A Sign: the lamp in `folder`. `note` is a file of our own that says how it was."""

    def __init__(self, folder: Path, note: Path) -> None:
        self._folder = folder
        self._note = note
        self._led = Led(folder)

    @property
    def name(self) -> str:
        """Return what it is called."""
        return f"the lamp {self._folder.name}"

    def borrow(self) -> None:
        """Take it from the kernel's trigger; OSError if it is not there or not ours to light."""
        found = _CHOSEN.search((self._folder / "trigger").read_bytes())
        trigger = _NONE if found is None else found[1]
        brightness = (self._folder / "brightness").read_bytes().strip()
        # First the note: whatever happens from here on, who starts next gives the lamp back.
        self._note.write_bytes(b"%s %s %s\n" % (self._folder.name.encode(), trigger, brightness))
        try:
            (self._folder / "trigger").write_bytes(_NONE)
        except OSError:
            self._note.unlink()
            raise

    def switch(self, *, on: bool) -> None:
        """Light it or not."""
        self._led.switch(on=on)

    def give_back(self) -> None:
        """Leave it as it was."""
        give_back(self._note, self._folder.parent)


def give_back(note: Path, leds: Path) -> None:
    """Give back the lamp of `leds` that `note` speaks of, if there is one: a process before us was killed."""
    try:
        said = _NOTE.fullmatch(note.read_bytes())
    except FileNotFoundError:
        return
    if said is not None:
        lamp, trigger, brightness = said.groups()
        folder = leds / lamp.decode("ascii", "replace")
        # It may have gone, or its rights; then it is not ours to mend.
        with suppress(OSError):
            (folder / "trigger").write_bytes(trigger)
            if trigger == _NONE:
                (folder / "brightness").write_bytes(brightness)
    note.unlink()
