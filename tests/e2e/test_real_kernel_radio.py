"""The unchanged radio on a real kernel and a real bluetoothd: HCI reports in, advertisements out.

What these show of BlueZ is what the fake one (tests/rigs/fake_bluez) is built after.
"""

from __future__ import annotations

import random
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final

import pytest
from bleak import BleakScanner

from shopbell_edge.adapters.ble.radio import BluetoothRadio
from shopbell_edge.core.recovery import Recovery
from shopbell_edge.core.retailer import Retailer
from shopbell_edge.core.units import Boottime
from shopbell_edge.core.usual import interest_in
from tests.e2e.variants import FRAMES, SENT
from tests.edge.adapters.listening import listening
from tests.rigs.waiting import until
from tests.shared import vectors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bleak.backends.scanner import AdvertisementData

    from tests.edge.adapters.listening import Listener
    from tests.rigs.real_bluez.client import RealBluez
    from tests.rigs.real_bluez.controller import Kind

pytestmark = pytest.mark.timeout(300)  # the first test waits for the build and boot of the guest

RETAILER: Final = Retailer(uuid="6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61", prefix="5bb0e111")
FLAGS_BYTES: Final = 3
"""Length 2, type 1 and the flags: the first structure of each frame of the vectors."""
ENOUGH: Final = 12
"""Of 20 or more: a guest that is emulated beside other work merges much of what arrives 30 ms apart.
Under BlueZ's dead band it would be one."""

PHONE: Final = "C0:FF:EE:00:00:01"
IBEACON: Final = bytes.fromhex("02011a1aff4c0002156f2a1c5e9b7d4e03a1c40f5d2e8b7a61ad550f72c5")
FOREIGN: Final = IBEACON[:9] + bytes(16) + IBEACON[25:]
"""An iBeacon of somebody else."""


@asynccontextmanager
async def hearing(adapter: str) -> AsyncIterator[Listener]:
    radio = BluetoothRadio(
        adapter,
        look=interest_in(RETAILER),
        boottime=lambda: Boottime(0),
        recovery=Recovery(),
        uniform=random.uniform,
    )
    async with listening(radio) as listener:
        await listener.is_hearing()
        yield listener


def a_frame(name: str) -> bytes:
    return bytes.fromhex(vectors("signals.json")["frames"][name])


@pytest.mark.parametrize(("frame", "kind", "flags"), SENT)
async def test_a_constant_advertisement_is_heard_again_and_again(
    real_bluez: RealBluez, frame: str, kind: Kind, *, flags: bool
) -> None:
    ad = a_frame(frame)[0 if flags else FLAGS_BYTES :]
    phone = f"C0:FF:EE:0{kind == 'phone':d}:0{FRAMES.index(frame)}:0{flags:d}"
    async with real_bluez.controller() as (controller, adapter), hearing(adapter) as listener:
        await controller.receive(ad, phone, -61, times=60, kind=kind)
        adverts = await listener.hears(ENOUGH)
    assert {advert.rssi_dbm for advert in adverts} == {-61}


async def test_a_phone_whose_scan_response_is_lost_waits_for_somebody_else(
    real_bluez: RealBluez,
) -> None:
    """The kernel keeps a connectable advertisement for its scan response, and repeats of it for ever.

    So at the edge of hearing an active scan hears phones less often than their advertisements arrive.
    """
    async with real_bluez.controller() as (controller, adapter), hearing(adapter) as listener:
        await controller.receive(IBEACON, "C0:FF:EE:00:06:00", times=10, kind="mute phone")
        assert listener.adverts == []
        await controller.receive(FOREIGN, "DE:AD:BE:EF:00:01")
        assert len(await listener.hears(1)) == 1


async def test_what_is_heard_is_what_was_on_the_air(real_bluez: RealBluez) -> None:
    async with real_bluez.controller() as (controller, adapter), hearing(adapter) as listener:
        for number, frame in enumerate(FRAMES):
            await controller.receive(a_frame(frame), f"C0:FF:EE:00:01:0{number}", -70)
        ibeacon, service_data, service_uuid = await listener.hears(3)
    assert dict(ibeacon.manufacturer_data) == {0x4C: IBEACON[7:]}
    payload = bytes.fromhex("10cc29adc3d2de5cf4c5")
    assert dict(service_data.service_data) == {RETAILER.uuid: payload}
    assert list(service_uuid.service_uuids) == ["5bb0e111-cc29-adc3-d2de-5cf4424fcc11"]


async def test_service_uuids_accumulate_with_the_newest_last(real_bluez: RealBluez) -> None:
    uuids = [f"5bb0e111-0000-0000-0000-00000000000{number}" for number in range(4)]
    async with real_bluez.controller() as (controller, adapter), hearing(adapter) as listener:
        for number, uuid in enumerate(uuids):
            ad = bytes.fromhex("02011a1107") + bytes.fromhex(uuid.replace("-", ""))[::-1]
            await controller.receive(ad, "C0:FF:EE:00:02:00")
            await listener.hears(number + 1)
        await until("the newest", lambda: list(listener.adverts[-1].service_uuids) == uuids)


async def test_data_of_one_kind_stays_when_another_comes(real_bluez: RealBluez) -> None:
    async with real_bluez.controller() as (controller, adapter), hearing(adapter) as listener:
        for number, frame in enumerate(FRAMES):
            await controller.receive(a_frame(frame), "C0:FF:EE:00:03:00")
            await listener.hears(number + 1)
        await until("all three", lambda: bool(listener.adverts[-1].service_uuids))
        last = listener.adverts[-1]
    assert last.manufacturer_data
    assert last.service_data


async def test_strangers_are_not_heard(real_bluez: RealBluez) -> None:
    async with real_bluez.controller() as (controller, adapter), hearing(adapter) as listener:
        await controller.receive(FOREIGN, "DE:AD:BE:EF:00:00")
        await controller.receive(IBEACON, "C0:FF:EE:00:04:00")
        (advert,) = await listener.hears(1)
    assert advert.manufacturer_data[0x4C] == IBEACON[7:]


async def test_a_crash_of_bluetoothd_is_recovered_from(real_bluez: RealBluez) -> None:
    async with real_bluez.controller() as (controller, adapter), hearing(adapter) as listener:
        await controller.receive(IBEACON, PHONE)
        await listener.hears(1)
        await real_bluez.kill_bluetoothd()
        await listener.is_blind("no_bluetoothd")
        listener.forget()
        await real_bluez.start_bluetoothd()
        assert await real_bluez.adapter_of(controller) == adapter
        await listener.is_hearing()
        await controller.receive(IBEACON, PHONE, times=20)
        await listener.hears(ENOUGH)


async def test_an_unplugged_adapter_is_recovered_from(real_bluez: RealBluez) -> None:
    async with AsyncExitStack() as listens:
        async with real_bluez.controller() as (_, adapter):
            listener = await listens.enter_async_context(hearing(adapter))
        await listener.is_blind("no_adapter")
        assert {"adapter_gone", "adapter_off"} & set(listener.reasons)  # it is switched off first
        listener.forget()
        async with real_bluez.controller() as (controller, _):  # under the same name or another
            await listener.is_hearing()
            await controller.receive(IBEACON, PHONE, times=20)
            await listener.hears(ENOUGH)


async def test_an_adapter_switched_off_and_on_is_recovered_from(real_bluez: RealBluez) -> None:
    async with real_bluez.controller() as (controller, adapter), hearing(adapter) as listener:
        assert await real_bluez.power(adapter, on=False)
        await listener.is_blind("adapter_off")
        listener.forget()
        assert await real_bluez.power(adapter, on=True)
        await listener.is_hearing()
        await controller.receive(IBEACON, PHONE, times=20)
        await listener.hears(ENOUGH)


async def test_the_defaults_of_bleak_are_not_enough_everywhere(real_bluez: RealBluez) -> None:
    """Why the radio asks for duplicates: 5.82 tells a default scan of a constant advertisement once."""
    got: list[AdvertisementData] = []
    async with (
        real_bluez.controller() as (controller, adapter),
        BleakScanner(lambda _, data: got.append(data), bluez={"adapter": adapter}),
    ):
        await controller.receive(IBEACON, "C0:FF:EE:00:05:00", times=20)
        await until("callbacks", lambda: bool(got))
        await controller.receive(FOREIGN, "C0:FF:EE:00:05:01", times=1)
        await until("the last of them", lambda: got[-1].manufacturer_data[0x4C] != IBEACON[7:])
    assert len(got) == 2 or len(got) > ENOUGH, real_bluez.banner
