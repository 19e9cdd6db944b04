"""How answers are given, as the settings say it.

`log`: a line of the log. `beep`: the scanner's own bell. `led:NAME`: a lamp by its name in /sys/class/leds.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shopbell_program.settings import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LEDS: Final = Path("/sys/class/leds")
"""Where the kernel keeps the lamps of a machine, a folder each."""

LED: Final = "led:"

_WAY: Final = re.compile(r"log|beep|led:(?!\.)[A-Za-z0-9_:.-]{1,63}", re.ASCII)
"""A lamp's name is a file's name of the kernel, and leads nowhere else."""


def is_lamp(name: str) -> bool:
    """Return whether `name` can be that of a lamp, and leads nowhere else."""
    return _WAY.fullmatch(f"{LED}{name}") is not None


def led_folder(way: str, leds: Path = LEDS) -> Path | None:
    """Return where the lamp is that `way` names; None if it names none."""
    return leds / way.removeprefix(LED) if way.startswith(LED) else None


def feedback_faults(
    key: str, ways: Sequence[str], *, bell: bool, leds: Path = LEDS
) -> Iterator[Fault]:
    """Yield which of `ways` cannot be, for a reader that has a `bell` or none."""
    for way in sorted({way for way in ways if ways.count(way) > 1}):
        yield Fault(key=key, problem=f'"{way}" stands twice; once is enough')
    for way in dict.fromkeys(ways):
        if not _WAY.fullmatch(way):
            yield Fault(
                key=key, problem=f'"{way}" is no way to answer; write log, beep or led:NAME'
            )
            continue
        folder = led_folder(way, leds)
        if way == "beep" and not bell:
            yield Fault(
                key=key,
                problem='"beep" is for [[usb_scanners]]; a camera has no bell, give it a lamp',
            )
        elif folder is not None and not (folder / "brightness").is_file():
            there = ", ".join(sorted(each.name for each in _lamps(leds))) or "none"
            yield Fault(key=key, problem=f"this machine has no lamp {folder.name}; it has: {there}")
        elif folder is not None and not os.access(folder / "brightness", os.W_OK):
            yield Fault(
                key=key,
                problem=f"the lamp {folder.name} is not this user's to light; "
                "install 60-shopbell.rules and reload udev",
            )


def _lamps(leds: Path) -> Iterator[Path]:
    if leds.is_dir():
        yield from leds.iterdir()
