"""Names for numbers and ids that could be mistaken for one another."""

from __future__ import annotations

from typing import NewType

Boottime = NewType("Boottime", int)
"""Milliseconds of CLOCK_BOOTTIME: never steps, runs on while the machine sleeps, starts at 0 per boot."""

ScannerName = NewType("ScannerName", str)
"""A radio, camera or code scanner of this edge: `hci0`, `cam0`."""

TokenHex = NewType("TokenHex", str)
"""The token of a frame in lower-case hexadecimal, as the wire carries it."""
