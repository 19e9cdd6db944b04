"""How the versions of bluetoothd differ in what they report of an active scan.

Measured on the real ones (tests/rigs/real_bluez); a fake that agrees with them proves nothing about them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

RSSI_DEAD_BAND_DB: Final = 8
"""BlueZ reports a new RSSI only if it moved by as much, unless a scan's filter asks for every one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """`dead_band`: a scan that does not ask for duplicates is told of an RSSI only past the dead band.

    `needs_flags`: such a scan is told nothing of an advertisement without Flags.
    """

    dead_band: bool
    needs_flags: bool


PROFILES: Final = {
    "5.66": Profile(dead_band=False, needs_flags=False),
    "5.82": Profile(dead_band=True, needs_flags=True),
}
