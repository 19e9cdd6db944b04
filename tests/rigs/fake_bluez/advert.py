"""Advertising data, read as bluetoothd reads it.

Written apart from the product's own reader, so that the two can disagree.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

UUID_LISTS: Final = {0x02: 2, 0x03: 2, 0x04: 4, 0x05: 4, 0x06: 16, 0x07: 16}
"""AD type to bytes per UUID; incomplete and complete lists are one and the same to bluetoothd."""

SERVICE_DATA: Final = {0x16: 2, 0x20: 4, 0x21: 16}
"""AD type to bytes of the UUID in front of the data."""


@dataclass(slots=True)
class Said:
    """What one advertisement said."""

    flags: bytes | None = None
    name: str | None = None
    tx_power: int | None = None
    manufacturer: dict[int, bytes] = field(default_factory=dict)
    service: dict[str, bytes] = field(default_factory=dict)
    uuids: list[str] = field(default_factory=list)


def read(ad: bytes) -> Said:
    """Return what `ad` says; a structure that is cut off ends it."""
    said = Said()
    for kind, value in _structures(ad):
        if size := UUID_LISTS.get(kind):
            said.uuids += _uuids(value, size)
        elif (size := SERVICE_DATA.get(kind)) and len(value) >= size:
            said.service[_uuid(value[:size])] = value[size:]
        elif kind == 0xFF and len(value) >= 2:
            said.manufacturer[int.from_bytes(value[:2], "little")] = value[2:]
        else:
            _about_itself(said, kind, value)
    return said


def _about_itself(said: Said, kind: int, value: bytes) -> None:
    if kind == 0x01:
        said.flags = value
    elif kind in {0x08, 0x09}:
        said.name = value.decode(errors="replace")
    elif kind == 0x0A and len(value) == 1:
        said.tx_power = int.from_bytes(value, "little", signed=True)


def _structures(ad: bytes) -> Iterator[tuple[int, bytes]]:
    rest = ad
    while rest and rest[0] and len(rest) > rest[0]:
        yield rest[1], rest[2 : rest[0] + 1]
        rest = rest[rest[0] + 1 :]


def _uuids(value: bytes, size: int) -> list[str]:
    return [_uuid(value[at : at + size]) for at in range(0, len(value) - size + 1, size)]


def _uuid(little_endian: bytes) -> str:
    if len(little_endian) == 16:
        return str(uuid.UUID(bytes=little_endian[::-1]))
    return f"{int.from_bytes(little_endian, 'little'):08x}-0000-1000-8000-00805f9b34fb"
