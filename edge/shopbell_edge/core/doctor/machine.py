"""Whether this machine is fit to be an edge: its software, its kernel, its heat and its memory.

Owns: the oldest that will do, and from when on it is too hot or too full.
Never: reads anything; all of it is in Machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.doctor.verdict import failed, passed, warned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_wire.messages import Finding

OLDEST_PYTHON: Final = (3, 11)

BROKEN_SINCE: Final = (5, 17)
"""The kernel whose rewritten Bluetooth host left the controller's duplicate filter on in monitor scans."""

FIXED_SINCE: Final = (6, 11)

FIXED_IN: Final = {(6, 1): 105, (6, 6): 46, (6, 10): 5}
"""Stable kernels that took the fix over, from which patch on. Of 6.1 it was read in its list of changes; the
others' came out in the same week, which is all that is known of them."""

VERIFIED: Final = (6, 1)

HOT_C: Final = 80.0
"""From here on a Raspberry Pi slows itself down, at 85 it stops being fast at all."""

LOW_MEMORY_BYTES: Final = 150 * 1024 * 1024
"""The daemon takes 60 MB, the decoder of a camera 120."""

UNDER_VOLTAGE: Final = 0x1
SLOWED: Final = 0x2 | 0x4 | 0x8
"""Capped, throttled, at the soft limit of its temperature: what the firmware says of now."""
EARLIER: Final = 16
"""So many bits higher it says the same of the time since it was switched on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What this machine says of itself; None is what it does not say."""

    software: str
    python: tuple[int, int, int]
    bits: int
    kernel: str
    """As `uname -r`."""
    hottest_c: float | None
    throttled: int | None
    """The bits of a Raspberry Pi's firmware."""
    available_bytes: int | None


def machine(seen: Machine) -> Iterator[Finding]:
    """Yield what is to be said of it."""
    yield _software(seen)
    yield kernel(seen.kernel)
    yield _heat(seen)
    yield _memory(seen)


def kernel(release: str) -> Finding:
    """Return whether a kernel's own duplicate filter may hide a beacon that always says the same."""
    parsed = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", release, re.ASCII)
    if parsed is None:
        return warned(
            "kernel",
            f"{release!r} is no release that we can read",
            "see `uname -r`: 6.1.105 or newer",
        )
    line, patch = (int(parsed[1]), int(parsed[2])), int(parsed[3] or 0)
    if line >= FIXED_SINCE:
        return passed("kernel", f"{release}: reports every advertisement")
    if line < BROKEN_SINCE:
        return passed(
            "kernel", f"{release}: older than the fault of the duplicate filter (not verified)"
        )
    if line in FIXED_IN and patch >= FIXED_IN[line]:
        doubt = "" if line == VERIFIED else " by its date (not verified)"
        return passed("kernel", f"{release}: has the fix of the duplicate filter{doubt}")
    needed = f"{line[0]}.{line[1]}.{FIXED_IN[line]}" if line in FIXED_IN else "6.1.105, or 6.11"
    return failed(
        "kernel",
        f"{release}: may report a beacon once and then no more (duplicate filter)",
        f"`apt full-upgrade` and reboot: {needed} or newer",
    )


def _software(seen: Machine) -> Finding:
    version = ".".join(map(str, seen.python))
    found = f"Shopbell {seen.software}, Python {version}, {seen.bits} bit"
    if seen.python[:2] < OLDEST_PYTHON:
        return failed("version", found, "Python 3.11 or newer: Debian 12 has it")
    if seen.bits < 64:  # noqa: PLR2004  as it says
        return failed(
            "version", found, "install a 64-bit system: the libraries are built for nothing else"
        )
    return passed("version", found)


def _heat(seen: Machine) -> Finding:
    found = "no sensor" if seen.hottest_c is None else f"{seen.hottest_c:.0f} °C"
    bits = seen.throttled or 0
    if bits & UNDER_VOLTAGE:
        return failed(
            "temperature",
            f"{found}; its supply is too weak now",
            "use the Pi's own power supply and a short cable; take USB devices off, or power them apart",
        )
    if bits & SLOWED or (seen.hottest_c is not None and seen.hottest_c >= HOT_C):
        return warned(
            "temperature",
            f"{found}; too hot, and slowed down for it",
            "give it air, or a heat sink",
        )
    if bits >> EARLIER:
        return warned(
            "temperature",
            f"{found}; was too hot or its supply too weak since it was switched on",
            "look again after a busy hour: `shopbell-edge doctor`; then as for the fault itself",
        )
    return passed("temperature", found)


def _memory(seen: Machine) -> Finding:
    if seen.available_bytes is None:
        return passed("memory", "this system does not say")
    found = f"{seen.available_bytes >> 20} MiB are free for programs"
    if seen.available_bytes < LOW_MEMORY_BYTES:
        return warned(
            "memory", found, "see who has it: `ps aux --sort -rss | head`; the edge needs 200 MiB"
        )
    return passed("memory", found)
