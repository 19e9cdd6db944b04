"""Packets of the management socket as the kernel writes them, spelled out from its mgmt API text."""

from __future__ import annotations

import struct

ADDRESS = bytes.fromhex("0100 00ee ffc0")
"""C0:FF:EE:00:00:01, as it is on the wire: back to front."""


def found(
    ad: bytes, rssi_dbm: int = -60, *, controller: int = 0, address: bytes = ADDRESS
) -> bytes:
    """Return a Device Found event."""
    rest = address + struct.pack("<BbIH", 2, rssi_dbm, 0, len(ad)) + ad
    return struct.pack("<HHH", 0x0012, controller, len(rest)) + rest


def monitor_found(ad: bytes, rssi_dbm: int = -60, *, controller: int = 0) -> bytes:
    """Return an Advertisement Monitor Device Found event, of no monitor's in particular."""
    rest = struct.pack("<H", 0) + ADDRESS + struct.pack("<BbIH", 2, rssi_dbm, 0, len(ad)) + ad
    return struct.pack("<HHH", 0x002F, controller, len(rest)) + rest


def complete(opcode: int, controller: int, *, status: int = 0, more: bytes = b"") -> bytes:
    """Return a Command Complete event."""
    return struct.pack("<HHHHB", 0x0001, controller, 3 + len(more), opcode, status) + more


def refused(opcode: int, controller: int, status: int) -> bytes:
    """Return a Command Status event."""
    return struct.pack("<HHHHB", 0x0002, controller, 3, opcode, status)
