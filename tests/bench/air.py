"""What is on the air of a shopping street: phones of ours, and everybody else's."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.retailer import Retailer
from shopbell_sim.core import advert

if TYPE_CHECKING:
    from collections.abc import Iterator

RETAILER: Final = Retailer(uuid="6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61", prefix="5bb0e111")

POWER_DBM: Final = -59

APPLE: Final = 0x004C


def own(number: int) -> bytes:
    """Return the advertising data of one of our phones; the three frames take turns."""
    rng = Random(number)
    id64 = rng.randbytes(8).hex()
    match number % 3:
        case 0:
            return advert.ibeacon(RETAILER.uuid, id64[:8], POWER_DBM).payload
        case 1:
            return advert.service_data(RETAILER.uuid, id64, POWER_DBM).payload
        case _:
            return advert.service_uuid(RETAILER.prefix, id64, rng.randbytes(4).hex()).payload


def foreign(number: int) -> bytes:
    """Return a stranger's: phones and watches of Apple's most of all, then beacons and others."""
    rng = Random(number)
    match number % 4:
        case 0:
            uuid = "00000000-0000-4000-8000-000000000000"
            return advert.foreign_ibeacon(uuid, number & 0xFFFF, 1, POWER_DBM).payload
        case 1:
            return manufacturer(0x0006, rng.randbytes(20))
        case _:
            return manufacturer(APPLE, b"\x10\x05" + rng.randbytes(5))


def manufacturer(company: int, data: bytes) -> bytes:
    """Return Flags and manufacturer data."""
    return bytes([2, 1, 0x1A, len(data) + 3, 0xFF]) + company.to_bytes(2, "little") + data


def addresses(count: int, first: int = 0) -> Iterator[str]:
    for number in range(first, first + count):
        yield "C0:DE:" + number.to_bytes(4).hex(":").upper()
