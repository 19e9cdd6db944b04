"""How answers are given, as the settings say it: `log`, `beep`, `led:NAME`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shopbell_program.settings import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LEDS: Final = Path("/sys/class/leds")
"""Where the kernel keeps the lamps of a machine, a folder each."""

LED: Final = "led:"


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
