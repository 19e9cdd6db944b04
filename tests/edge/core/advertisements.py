"""Advertisements that the tests put on the air."""

from __future__ import annotations

from shopbell_edge.core.advertisement import Advertisement
from shopbell_edge.core.retailer import Retailer

RETAILER = Retailer(uuid="6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61", prefix="5bb0e111")
UUID_BYTES = bytes.fromhex(RETAILER.uuid.replace("-", ""))
APPLE = 0x004C


def heard(
    rssi_dbm: int = -70,
    manufacturer_data: dict[int, bytes] | None = None,
    service_data: dict[str, bytes] | None = None,
    service_uuids: list[str] | None = None,
) -> Advertisement:
    return Advertisement(
        rssi_dbm=rssi_dbm,
        manufacturer_data=manufacturer_data or {},
        service_data=service_data or {},
        service_uuids=service_uuids or [],
    )


def ibeacon(id32: int = 0xAD550F72, *, power_dbm: int = -59, rssi_dbm: int = -70) -> Advertisement:
    payload = b"\x02\x15" + UUID_BYTES + id32.to_bytes(4, "big")
    payload += power_dbm.to_bytes(1, "big", signed=True)
    return heard(rssi_dbm, manufacturer_data={APPLE: payload})


def service_data(id64: int, *, power_dbm: int = -59, rssi_dbm: int = -70) -> Advertisement:
    payload = b"\x10" + id64.to_bytes(8, "big") + power_dbm.to_bytes(1, "big", signed=True)
    return heard(rssi_dbm, service_data={RETAILER.uuid: payload})


def service_uuid(id64: int, mac: int, *, rssi_dbm: int = -70) -> Advertisement:
    return heard(rssi_dbm, service_uuids=[uuid_of(id64, mac)])


def uuid_of(id64: int, mac: int) -> str:
    token = f"{id64:016x}"
    return f"{RETAILER.prefix}-{token[:4]}-{token[4:8]}-{token[8:12]}-{token[12:]}{mac:08x}"
