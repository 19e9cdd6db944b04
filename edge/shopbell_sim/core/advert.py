"""What a phone or a fob puts on the air, byte by byte.

Owns: the advertising data of the three rotating frames, of the three that carry a fixed id, of a foreign
iBeacon, and their fields by name.
Never: which token, or when (`phone`). Written from the specification alone, not from the edge's reader,
so that the two can disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ANDROID_FLAGS: Final = 0x06
"""LE general discoverable, no classic Bluetooth: what Android says of a connectable advertisement."""

IOS_FLAGS: Final = 0x1A
"""LE general discoverable, and both radios at once: what an iPhone says."""

LEGACY_BYTES: Final = 31
"""The most that a legacy advertisement carries (Core Specification, Vol 6, Part B, 2.3.1)."""

_FLAGS: Final = 0x01
_ALL_UUIDS_128: Final = 0x07
_SERVICE_DATA_128: Final = 0x21
_MANUFACTURER: Final = 0xFF
_ALL_UUIDS_16: Final = 0x03
_SERVICE_DATA_16: Final = 0x16

_IBEACON: Final = bytes.fromhex("4c000215")
"""Apple's company id, little-endian; frame type 2; 21 bytes follow."""

_ALTBEACON: Final = bytes.fromhex("beac")
_EDDYSTONE: Final = bytes.fromhex("aafe")
"""The service 0xFEAA, little-endian."""

_EDDYSTONE_UID: Final = b"\x00"
_FIRST_METRE_DB: Final = 41
"""Eddystone says the power at 0 m: 41 dB more than at 1 m, as its text has it."""

_SERVICE_DATA_VERSION: Final = b"\x10"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A stretch of an advertisement that means one thing."""

    name: str
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Advert:
    """One advertisement: `frame` is the name it goes by, `fields` its bytes in order."""

    frame: str
    fields: tuple[Field, ...]

    @property
    def payload(self) -> bytes:
        """The advertising data as it is on the air, LEGACY_BYTES at most."""
        return b"".join(field.value for field in self.fields)


def ibeacon(uuid: str, id32: str, power_dbm: int, *, flags: int = IOS_FLAGS) -> Advert:
    """Return the frame `ibeacon`: `id32` (8 hexadecimal digits) is major and minor."""
    return _beacon("ibeacon", uuid, bytes.fromhex(id32), power_dbm, flags)


def foreign_ibeacon(uuid: str, major: int, minor: int, power_dbm: int) -> Advert:
    """Return somebody else's iBeacon, of a `uuid` that is not the retailer's."""
    number = major.to_bytes(2) + minor.to_bytes(2)
    return _beacon("foreign", uuid, number, power_dbm, ANDROID_FLAGS)


def service_data(uuid: str, id64: str, power_dbm: int, *, flags: int = ANDROID_FLAGS) -> Advert:
    """Return the frame `service-data`: with Flags exactly LEGACY_BYTES."""
    own = (
        Field(name="service", value=_little_endian(uuid)),
        Field(name="version", value=_SERVICE_DATA_VERSION),
        Field(name="id64", value=bytes.fromhex(id64)),
        Field(name="power", value=_signed(power_dbm)),
    )
    return _advert("service-data", flags, _SERVICE_DATA_128, own)


def service_uuid(prefix: str, id64: str, mac32: str, *, flags: int = IOS_FLAGS) -> Advert:
    """Return the frame `service-uuid`: `prefix`, `id64` and `mac32` are one UUID of 128 bits."""
    own = (
        # UUIDs are sent back to front.
        Field(name="mac32", value=bytes.fromhex(mac32)[::-1]),
        Field(name="id64", value=bytes.fromhex(id64)[::-1]),
        Field(name="prefix", value=bytes.fromhex(prefix)[::-1]),
    )
    return _advert("service-uuid", flags, _ALL_UUIDS_128, own)


def fixed_ibeacon(fixed_id: str, power_dbm: int) -> Advert:
    """Return an iBeacon of a fob: `fixed_id` (40 hexadecimal digits) is UUID, major and minor."""
    own = (
        Field(name="ibeacon", value=_IBEACON),
        Field(name="id", value=bytes.fromhex(fixed_id)),
        Field(name="power", value=_signed(power_dbm)),
    )
    return _advert("static", ANDROID_FLAGS, _MANUFACTURER, own)


def altbeacon(company: int, fixed_id: str, power_dbm: int) -> Advert:
    """Return an AltBeacon, of 40 hexadecimal digits: without Flags, as its text has it, and 28 bytes."""
    own = (
        Field(name="company", value=company.to_bytes(2, "little")),
        Field(name="altbeacon", value=_ALTBEACON),
        Field(name="id", value=bytes.fromhex(fixed_id)),
        Field(name="power", value=_signed(power_dbm)),
        Field(name="reserved", value=b"\0"),
    )
    return Advert(frame="static", fields=(_header(_MANUFACTURER, own), *own))


def eddystone_uid(fixed_id: str, power_dbm: int) -> Advert:
    """Return an Eddystone-UID: `fixed_id` (32 hexadecimal digits) is namespace and instance.

    `power_dbm` is at 1 m, as everywhere here. With Flags and its service exactly LEGACY_BYTES.
    """
    own = (
        Field(name="service", value=_EDDYSTONE),
        Field(name="frame", value=_EDDYSTONE_UID),
        Field(name="power", value=_signed(power_dbm + _FIRST_METRE_DB)),
        Field(name="id", value=bytes.fromhex(fixed_id)),
        Field(name="reserved", value=bytes(2)),
    )
    head = (
        Field(name="flags", value=bytes((2, _FLAGS, ANDROID_FLAGS))),
        Field(name="services", value=bytes((3, _ALL_UUIDS_16)) + _EDDYSTONE),
    )
    return Advert(frame="static", fields=(*head, _header(_SERVICE_DATA_16, own), *own))


def _beacon(frame: str, uuid: str, number: bytes, power_dbm: int, flags: int) -> Advert:
    own = (
        Field(name="ibeacon", value=_IBEACON),
        Field(name="retailer", value=bytes.fromhex(uuid.replace("-", ""))),
        Field(name="id32", value=number),
        Field(name="power", value=_signed(power_dbm)),
    )
    return _advert(frame, flags, _MANUFACTURER, own)


def _advert(frame: str, flags: int, kind: int, own: tuple[Field, ...]) -> Advert:
    """Return Flags and one structure."""
    head = (Field(name="flags", value=bytes((2, _FLAGS, flags))), _header(kind, own))
    return Advert(frame=frame, fields=(*head, *own))


def _header(kind: int, own: tuple[Field, ...]) -> Field:
    """Return how a structure begins: its length counts the type byte and what follows."""
    size = 1 + sum(len(field.value) for field in own)
    return Field(name="header", value=bytes((size, kind)))


def _little_endian(uuid: str) -> bytes:
    return bytes.fromhex(uuid.replace("-", ""))[::-1]


def _signed(power_dbm: int) -> bytes:
    return power_dbm.to_bytes(1, signed=True)
