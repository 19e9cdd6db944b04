"""The fake BlueZ does what the real ones were measured to do, seen through bleak as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from bleak import BleakScanner
from bleak.exc import BleakError

from tests.rigs.fake_bluez.bus import missing, system_bus_at
from tests.rigs.fake_bluez.client import FakeBluez, Report, fake_bluez
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from bleak.args.bluez import BlueZDiscoveryFilters
    from bleak.backends.scanner import AdvertisementData

PHONE: Final = "C0:FF:EE:00:00:01"
FLAGS: Final = bytes.fromhex("020106")
IBEACON: Final = bytes.fromhex("1aff4c0002156f2a1c5e9b7d4e03a1c40f5d2e8b7a61ad550f72c5")
EVERY: Final[BlueZDiscoveryFilters] = {"DuplicateData": True}


async def callbacks(
    fake: FakeBluez, reports: list[Report], filters: BlueZDiscoveryFilters
) -> list[AdvertisementData]:
    """Scan as bleak does, send `reports`, and return what it called back with."""
    got: list[AdvertisementData] = []
    scanner = BleakScanner(
        lambda _device, data: got.append(data), bluez={"adapter": "hci0", "filters": filters}
    )
    async with scanner:
        told = await fake.inject_many(reports)
        await until("every callback", lambda: len(got) >= told)
    return got


async def count(
    profile: str, reports: list[Report], filters: BlueZDiscoveryFilters | None = None
) -> int:
    """Return how many of `reports` bleak is told of by `profile`."""
    if why := missing():
        pytest.skip(why)
    async with fake_bluez(profile) as fake:
        with system_bus_at(fake.address):
            return len(await callbacks(fake, reports, filters or {}))


def rssi(*values_dbm: int, ad: bytes = FLAGS + IBEACON) -> list[Report]:
    return [Report(ad=ad, address=PHONE, rssi_dbm=value) for value in values_dbm]


# 30 advertisements each, as in the table of the real ones (README).
@pytest.mark.parametrize(("profile", "expected"), [("5.66", 30), ("5.82", 1)])
async def test_constant_rssi(profile: str, expected: int) -> None:
    assert await count(profile, rssi(*[-60] * 30)) == expected
    assert await count(profile, rssi(*[-60] * 30), EVERY) == 30


@pytest.mark.parametrize(("profile", "expected"), [("5.66", 30), ("5.82", 1)])
async def test_four_decibels_up_and_down(profile: str, expected: int) -> None:
    assert await count(profile, rssi(*[-60, -64] * 15)) == expected


@pytest.mark.parametrize("profile", ["5.66", "5.82"])
async def test_eight_decibels_up_and_down(profile: str) -> None:
    assert await count(profile, rssi(*[-60, -68] * 15)) == 30


@pytest.mark.parametrize(("profile", "expected"), [("5.66", 30), ("5.82", 4)])
async def test_a_drift_of_one_decibel(profile: str, expected: int) -> None:
    assert await count(profile, rssi(*range(-50, -80, -1))) == expected


@pytest.mark.parametrize("profile", ["5.66", "5.82"])
async def test_a_payload_that_changes(profile: str) -> None:
    reports = [
        Report(ad=FLAGS + IBEACON[:-1] + bytes([power]), address=PHONE) for power in range(30)
    ]
    assert await count(profile, reports) == 30


@pytest.mark.parametrize(("profile", "expected"), [("5.66", 2), ("5.82", 0)])
async def test_no_flags(profile: str, expected: int) -> None:
    assert await count(profile, rssi(-60, -60, ad=IBEACON)) == expected
    assert await count(profile, rssi(-60, -60, ad=IBEACON), EVERY) == 2


async def test_a_threshold_of_rssi() -> None:
    assert await count("5.82", rssi(-60, -80, -60), {"RSSI": -70, "DuplicateData": True}) == 2


async def test_service_uuids_of_an_address_accumulate(each_bluez: FakeBluez) -> None:
    reports = [
        Report(ad=FLAGS + bytes([3, 0x03, low, 0xFE]), address=PHONE) for low in (0x01, 0x02, 0x01)
    ]
    last = (await callbacks(each_bluez, reports, EVERY))[-1]
    assert [text[4:8] for text in last.service_uuids] == ["fe01", "fe02"]


@pytest.mark.parametrize(("filters", "companies"), [({}, {1, 2}), (EVERY, {2})])
async def test_manufacturer_data_accumulates_unless_duplicates_are_asked_for(
    each_bluez: FakeBluez, filters: BlueZDiscoveryFilters, companies: set[int]
) -> None:
    reports = [Report(ad=FLAGS + bytes([4, 0xFF, n, 0, 7]), address=PHONE) for n in (1, 2)]
    last = (await callbacks(each_bluez, reports, filters))[-1]
    assert set(last.manufacturer_data) == companies


async def test_silent_devices_are_forgotten() -> None:
    if why := missing():
        pytest.skip(why)
    async with fake_bluez(expiry_s=0.1) as fake:
        with system_bus_at(fake.address):
            got: list[AdvertisementData] = []
            async with BleakScanner(lambda _device, data: got.append(data)) as scanner:
                await fake.inject(FLAGS + IBEACON, PHONE)
                await until("a callback", lambda: bool(got))
                await until("oblivion", lambda: not scanner.discovered_devices)


async def test_a_scanner_outlives_its_bluetoothd_in_silence(each_bluez: FakeBluez) -> None:
    scanner = BleakScanner(lambda _device, _data: None)
    await scanner.start()
    await each_bluez.stop()
    await each_bluez.start()
    assert not await each_bluez.inject(FLAGS + IBEACON, PHONE)
    with pytest.raises(BleakError, match="No discovery started"):
        await scanner.stop()
