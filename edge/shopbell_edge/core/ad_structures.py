"""Raw advertising bytes, taken apart.

Owns: the length-type-value structures of the Core Specification Supplement that can carry our frames.
Never: judges whose they are (`frames`), and never raises: what is cut off or silly is left out.

For radios that hand over bytes (HCI, the management socket, proxies); BlueZ's D-Bus has done it already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_edge.core.advertisement import Advertisement

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES: Final = 255
"""The longest advertising data of one report; the length field of the report has one byte."""

BASE_UUID: Final = "-0000-1000-8000-00805f9b34fb"
"""What completes a 16 or 32 bit UUID to 128 bits (Core Specification, Vol 3, Part B, 2.5.1)."""

_UUID_LISTS: Final = {0x02: 2, 0x03: 2, 0x04: 4, 0x05: 4, 0x06: 16, 0x07: 16}
"""AD type of a list of service UUIDs (incomplete, complete): bytes of each UUID."""

_SERVICE_DATA: Final = {0x16: 2, 0x20: 4, 0x21: 16}
"""AD type of service data: bytes of the UUID before the data."""

_MANUFACTURER: Final = 0xFF
_COMPANY_BYTES: Final = 2


def parse(payload: bytes, rssi_dbm: int) -> Advertisement:
    """Return what `payload` says. Bytes past the 255th are ignored.

    Where a company or a service speaks twice, the later word counts, as with BlueZ.
    """
    manufacturer_data: dict[int, bytes] = {}
    service_data: dict[str, bytes] = {}
    service_uuids: list[str] = []
    for kind, value in _structures(payload[:MAX_BYTES]):
        if kind == _MANUFACTURER and len(value) >= _COMPANY_BYTES:
            company = int.from_bytes(value[:_COMPANY_BYTES], "little")
            manufacturer_data[company] = value[_COMPANY_BYTES:]
        elif (size := _SERVICE_DATA.get(kind)) and len(value) >= size:
            service_data[_uuid_text(value[:size])] = value[size:]
        elif size := _UUID_LISTS.get(kind):
            whole = len(value) - len(value) % size
            service_uuids.extend(_uuid_text(value[at : at + size]) for at in range(0, whole, size))
    return Advertisement(
        rssi_dbm=rssi_dbm,
        manufacturer_data=manufacturer_data,
        service_data=service_data,
        service_uuids=service_uuids,
    )


def _structures(payload: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield AD type and value of each whole structure. A length of 0 begins the padding."""
    at = 0
    while at < len(payload) and payload[at]:
        end = at + 1 + payload[at]
        if end > len(payload):
            return
        yield payload[at + 1], payload[at + 2 : end]
        at = end


def _uuid_text(little_endian: bytes) -> str:
    """Return 2, 4 or 16 bytes as they are on the air as the text of a 128-bit UUID."""
    digits = little_endian[::-1].hex()
    if len(little_endian) < 16:  # noqa: PLR2004  bytes of a whole UUID
        return digits.zfill(8) + BASE_UUID
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
