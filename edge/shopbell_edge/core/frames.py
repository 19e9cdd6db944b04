"""Whether an advertisement is ours, and what it carries.

Owns: the three rotating frames, `ibeacon`, `service-data`, `service-uuid`, and `static` ones.
Never: an address, a clock, a key. Whose a token is, and whether it is stale, only the server can tell.

An advertisement may carry several of our frames (BlueZ merges what an address sends), and each is
returned: they are evidence of different worth, and BlueZ may repeat one that the phone has long stopped
sending beside one that is current, so to pick one would be to guess.

Nearly everything on the air is foreign, so that path looks at what is there, allocates nothing and
returns a constant. Ours repeat the same bytes for minutes, so what was read from them is remembered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.fixed_ids import APPLE, IBEACON_HEADER, LONG_BYTES, METRE_DB
from shopbell_edge.core.rules import POWERS_DBM
from shopbell_edge.core.units import TokenHex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_edge.core.advertisement import Advertisement
    from shopbell_edge.core.retailer import Retailer
    from shopbell_wire.messages import Frame

IBEACON_BYTES: Final = 23
"""Header 2, UUID 16, major 2, minor 2, power 1."""

SERVICE_DATA_BYTES: Final = 10
"""Version 1, id64 8, power 1: with Flags and the UUID exactly the 31 bytes of a legacy advertisement."""

SERVICE_DATA_VERSION: Final = 0x10

HEARABLE_DBM: Final = range(-126, 1)
"""RSSI that means something: 127 is "not available" (HCI), -127 is bleak's word for it, and nothing is
received above 0 dBm: a phone sends +10 dBm at most and loses 20 dB over the first hand's breadth."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """One of our frames. `power_dbm` is that at 1 m, clamped to sense; None where the frame has none.

    `mac` (8 hex digits, "" where the frame has none) proves to the server that the frame is fresh.
    """

    frame: Frame
    token: TokenHex
    power_dbm: int | None
    mac: str = ""


class Foreign(StrEnum):
    """Why an advertisement goes no further; the value is its `result` in `shopbell_adverts_total`."""

    NOT_OURS = "not_ours"
    LENGTH = "length"
    VERSION = "version"
    MALFORMED = "malformed"
    RSSI = "rssi"


MOST_REMEMBERED: Final = 4_096
"""Payloads of ours, per frame: 2 MB at the most. Foreign ones are not kept."""

_SERVICE_UUID: Final = re.compile(
    "[0-9a-f]{8}-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})([0-9a-f]{8})", re.ASCII
)
"""Prefix, the four groups of the token, the mac."""

_NOT_OURS: Final = Foreign.NOT_OURS


def recognise(advertisement: Advertisement, retailer: Retailer) -> tuple[Carrier, ...] | Foreign:
    """Return the frames of `retailer` in `advertisement`, at least one, or why there is none.

    Never raises, whatever is in it. Of several service UUIDs with the retailer's prefix the last
    counts: BlueZ accumulates the UUIDs of an address, the newest last.
    """
    apple = advertisement.manufacturer_data.get(APPLE)
    beacon: Carrier | Foreign = _NOT_OURS
    if apple is not None:
        if apple.startswith(retailer.ibeacon_start):
            beacon = _ibeacon(apple)
        elif not apple or (len(apple) != IBEACON_BYTES and apple.startswith(IBEACON_HEADER)):
            beacon = Foreign.LENGTH
    service_data = advertisement.service_data.get(retailer.uuid)
    uuids = advertisement.service_uuids
    newest = _newest(uuids, retailer.prefix) if uuids else None
    if retailer.fixed is not None:
        said = retailer.fixed.found(advertisement.manufacturer_data, advertisement.service_data)
        if said:
            return _together(beacon, service_data, newest, advertisement.rssi_dbm, _static(said))
    if service_data is None and newest is None:
        if isinstance(beacon, Foreign):
            return beacon
        return (beacon,) if advertisement.rssi_dbm in HEARABLE_DBM else Foreign.RSSI
    return _together(beacon, service_data, newest, advertisement.rssi_dbm)


def _newest(uuids: Sequence[str], prefix: str) -> str | None:
    for text in reversed(uuids):
        if text.startswith(prefix):
            return text
    return None


def _together(
    beacon: Carrier | Foreign,
    service_data: bytes | None,
    service_uuid: str | None,
    rssi_dbm: int,
    found: tuple[Carrier, ...] = (),
) -> tuple[Carrier, ...] | Foreign:
    """Return all that is ours, `found` first; if none of it can be read, why the last cannot."""
    why = _NOT_OURS
    for read in (
        beacon,
        None if service_data is None else _service_data(service_data),
        None if service_uuid is None else _service_uuid(service_uuid),
    ):
        if isinstance(read, Carrier):
            found = (*found, read)
        elif read is not None:
            why = read
    if found:
        return found if rssi_dbm in HEARABLE_DBM else Foreign.RSSI
    return why


@lru_cache(maxsize=MOST_REMEMBERED)
def _ibeacon(payload: bytes) -> Carrier | Foreign:
    if len(payload) != IBEACON_BYTES:
        return Foreign.LENGTH
    return Carrier("ibeacon", TokenHex(payload[18:22].hex()), _power(payload[22]))


@lru_cache(maxsize=MOST_REMEMBERED)
def _service_data(payload: bytes) -> Carrier | Foreign:
    if payload and payload[0] != SERVICE_DATA_VERSION:
        return Foreign.VERSION
    if len(payload) != SERVICE_DATA_BYTES:
        return Foreign.LENGTH
    return Carrier("service-data", TokenHex(payload[1:9].hex()), _power(payload[9]))


@lru_cache(maxsize=MOST_REMEMBERED)
def _service_uuid(text: str) -> Carrier | Foreign:
    match = _SERVICE_UUID.fullmatch(text)
    if match is None:
        return Foreign.MALFORMED
    *token, mac = match.groups()
    return Carrier("service-uuid", TokenHex("".join(token)), None, mac)


@lru_cache(maxsize=MOST_REMEMBERED)
def _static(said: tuple[bytes, ...]) -> tuple[Carrier, ...]:
    """Return each id that `FixedIds.found` once, in whatever frames it was said."""
    found = {}
    for each in said:
        if len(each) == LONG_BYTES:
            token, power_dbm = each[:-1].hex(), _power(each[-1])
        else:
            token, power_dbm = each[1:].hex(), _power(each[0], METRE_DB)
        found[token] = Carrier("static", TokenHex(token), power_dbm)
    return tuple(found.values())


def _power(byte: int, less_db: int = 0) -> int:
    """Return the signed byte, clamped: 127 and -128 are what uncalibrated beacons say."""
    signed = (byte - 256 if byte > 127 else byte) - less_db  # noqa: PLR2004  two's complement of a byte
    return min(max(signed, POWERS_DBM[0]), POWERS_DBM[-1])
