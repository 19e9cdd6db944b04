"""The bleak radio, on a real message bus with a fake BlueZ behind it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest

from shopbell_edge.adapters.ble.radio import BluetoothRadio
from shopbell_edge.core.backoff import Backoff
from shopbell_edge.core.recovery import Recovery
from shopbell_edge.core.retailer import Retailer
from shopbell_edge.core.units import Boottime
from shopbell_edge.core.usual import interest_in
from shopbell_edge.ports import RadioLostError
from tests.edge.adapters.listening import listening
from tests.rigs.fake_bluez.bus import message_bus, missing, system_bus_at
from tests.rigs.fake_bluez.client import FakeBluez, Report, own_address
from tests.rigs.waiting import until
from tests.shared import vectors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.edge.adapters.listening import Listener

FRAMES: Final = ("ibeacon_advert", "service_data_advert", "service_uuid_advert")
PHONE: Final = "C0:FF:EE:00:00:01"
STRANGER: Final = "DE:AD:BE:EF:00:02"
RETAILER: Final = Retailer(uuid="6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61", prefix="5bb0e111")
PATIENT: Final = Recovery(backoff=Backoff(first_s=0.001, most_s=0.01))
IBEACON: Final = bytes.fromhex("02011a1aff4c0002156f2a1c5e9b7d4e03a1c40f5d2e8b7a61ad550f72c5")
FOREIGN: Final = IBEACON[:9] + bytes(16) + IBEACON[25:]
"""An iBeacon of somebody else."""


def a_radio(recovery: Recovery = PATIENT) -> BluetoothRadio:
    return BluetoothRadio(
        "hci0",
        look=interest_in(RETAILER),
        boottime=lambda: Boottime(0),
        recovery=recovery,
        uniform=lambda _low, high: high,
    )


@asynccontextmanager
async def hearing(bluez: FakeBluez, recovery: Recovery = PATIENT) -> AsyncIterator[Listener]:
    async with listening(a_radio(recovery)) as listener:
        await bluez.scanning()
        await listener.is_hearing()
        yield listener
    await bluez.idle()  # every radio of these tests must have ended its scan


def service_uuid(text: str) -> bytes:
    return bytes([17, 0x07]) + bytes.fromhex(text.replace("-", ""))[::-1]


class TestEveryAdvertisement:
    @pytest.mark.parametrize("frame", FRAMES)
    async def test_of_a_phone_that_stands_still_arrives(
        self, each_bluez: FakeBluez, frame: str
    ) -> None:
        ad = bytes.fromhex(vectors("signals.json")["frames"][frame])
        async with hearing(each_bluez) as listener:
            await each_bluez.inject_many([Report(ad=ad, address=PHONE, rssi_dbm=-61)] * 30)
            adverts = await listener.hears(30)
        assert {advert.rssi_dbm for advert in adverts} == {-61}

    async def test_without_flags_arrives(self, each_bluez: FakeBluez) -> None:
        async with hearing(each_bluez) as listener:
            assert await each_bluez.inject(IBEACON[3:], PHONE)
            await listener.hears(1)

    async def test_arrives_again_after_bluez_forgot_the_device(self, bluez: FakeBluez) -> None:
        async with hearing(bluez) as listener:
            await bluez.inject(IBEACON, PHONE)
            await listener.hears(1)
            await bluez.expire()
            await bluez.inject(IBEACON, PHONE)
            await listener.hears(2)

    async def test_says_what_was_on_the_air(self, bluez: FakeBluez) -> None:
        frames = vectors("signals.json")["frames"]
        async with hearing(bluez) as listener:
            for number, frame in enumerate(FRAMES):
                await bluez.inject(bytes.fromhex(frames[frame]), f"C0:FF:EE:00:00:0{number}", -70)
            ibeacon, service_data, uuid = await listener.hears(3)
        assert ibeacon.manufacturer_data == {0x4C: IBEACON[7:]}
        assert dict(service_data.service_data) == {
            RETAILER.uuid: bytes.fromhex("10cc29adc3d2de5cf4c5")
        }
        assert list(uuid.service_uuids) == [frames["service_uuid"]]

    async def test_brings_accumulated_service_uuids_with_the_newest_last(
        self, bluez: FakeBluez
    ) -> None:
        first = "5bb0e111-0000-0000-0000-000000000001"
        second = "5bb0e111-0000-0000-0000-000000000002"
        async with hearing(bluez) as listener:
            for text in (first, second):
                await bluez.inject(service_uuid(text), PHONE)
            adverts = await listener.hears(2)
        assert [list(advert.service_uuids) for advert in adverts] == [[first], [first, second]]

    async def test_comes_when_ten_thousand_come_at_once(self, bluez: FakeBluez) -> None:
        reports = [
            Report(ad=IBEACON, address=f"C0:FF:EE:00:{n >> 8:02X}:{n & 255:02X}", rssi_dbm=-60)
            for n in range(1000)
        ] * 10
        async with hearing(bluez) as listener:
            assert await bluez.inject_many(reports) == len(reports)
            await listener.hears(len(reports))


class TestStrangers:
    async def test_are_dropped_and_counted(self, bluez: FakeBluez) -> None:
        radio = a_radio()
        async with listening(radio) as listener:
            await bluez.scanning()
            await bluez.inject(FOREIGN, STRANGER)
            await bluez.inject(IBEACON, PHONE)
            await listener.hears(1)
        assert radio.dropped == {"not_ours": 1}

    async def test_leave_no_address_in_what_is_heard_said_or_logged(
        self, bluez: FakeBluez, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        async with hearing(bluez) as listener:
            await bluez.inject(FOREIGN, STRANGER)
            await bluez.inject(IBEACON, PHONE)
            await listener.hears(1)
        trace = f"{listener.adverts} {listener.health} {caplog.text}"
        for address in (STRANGER, PHONE):
            assert address not in trace
            assert address.replace(":", "_") not in trace
            assert address.replace(":", "").lower() not in trace.lower()


class TestRecovers:
    async def test_from_a_restart_of_bluetoothd(self, each_bluez: FakeBluez) -> None:
        async with hearing(each_bluez) as listener:
            await each_bluez.inject(IBEACON, PHONE)
            await listener.hears(1)
            await each_bluez.stop()
            await listener.is_blind("no_bluetoothd")
            await each_bluez.start()
            await listener.is_hearing()
            await each_bluez.inject(IBEACON, PHONE)
            await listener.hears(2)
        assert "dbus_owner_lost" in listener.reasons

    async def test_from_an_unplugged_adapter(self, bluez: FakeBluez) -> None:
        async with hearing(bluez) as listener:
            await bluez.unplug("hci0")
            await listener.is_blind("no_adapter")
            await bluez.plug("hci0")
            await listener.is_hearing()
            await bluez.inject(IBEACON, PHONE)
            await listener.hears(1)
        assert "adapter_gone" in listener.reasons

    async def test_from_an_adapter_switched_off_and_on(self, bluez: FakeBluez) -> None:
        async with hearing(bluez) as listener:
            await bluez.power("hci0", on=False)
            await listener.is_blind("adapter_off")
            await bluez.power("hci0", on=True)
            await listener.is_hearing()
            await bluez.inject(IBEACON, PHONE)
            await listener.hears(1)

    async def test_from_starting_before_bluetoothd(self, bluez: FakeBluez) -> None:
        await bluez.stop()
        async with listening(a_radio()) as listener:
            await listener.is_blind("no_bluetoothd")
            await bluez.start()
            await listener.is_hearing()
            await bluez.inject(IBEACON, PHONE)
            await listener.hears(1)

    async def test_from_starting_before_the_adapter_and_its_power(self, bluez: FakeBluez) -> None:
        await bluez.unplug("hci0")
        async with listening(a_radio()) as listener:
            await listener.is_blind("no_adapter")
            await bluez.plug("hci0")
            await bluez.power("hci0", on=False)
            await bluez.power("hci0", on=True)
            await listener.is_hearing()

    async def test_from_an_adapter_that_comes_back_under_another_name(
        self, bluez: FakeBluez
    ) -> None:
        async with listening(a_radio()) as listener:
            await bluez.scanning()
            await bluez.unplug("hci0")
            await listener.is_blind("no_adapter")
            await bluez.plug("hci1", address=own_address("hci0"))
            await bluez.scanning("hci1")
            await listener.is_hearing()
            await bluez.inject(IBEACON, PHONE, adapter="hci1")
            await listener.hears(1)
            listener.forget()
            await bluez.unplug("hci1")
            await listener.is_blind("no_adapter")
            await bluez.plug("hci0")
            await bluez.scanning("hci0")

    async def test_from_an_adapter_that_is_replaced_by_another(self, bluez: FakeBluez) -> None:
        async with hearing(bluez) as listener:
            await bluez.unplug("hci0")
            await listener.is_blind("no_adapter")
            await bluez.plug("hci0", address="02:00:00:00:00:77")
            await listener.is_hearing()

    async def test_does_not_take_somebody_elses_adapter(self, bluez: FakeBluez) -> None:
        async with hearing(bluez) as listener:
            await bluez.plug("hci1")
            await bluez.unplug("hci0")
            await listener.is_blind("no_adapter")
            await bluez.idle("hci1")
            await bluez.plug("hci0")
            await listener.is_hearing()

    async def test_does_not_mind_another_adapter(self, bluez: FakeBluez) -> None:
        async with hearing(bluez) as listener:
            await bluez.plug("hci1")
            await bluez.power("hci1", on=False)
            await bluez.unplug("hci1")
            await bluez.inject(IBEACON, PHONE)
            await listener.hears(1)
        assert listener.reasons == ["scanning"]


class TestClimbsTheLadder:
    async def test_when_scans_do_not_start(self, bluez: FakeBluez) -> None:
        await bluez.refuse_starts(2)
        async with listening(a_radio()) as listener:
            await listener.is_hearing()
        assert listener.reasons == ["start_failed", "scanning"]
        assert (await bluez.counts())["power_cycles"] == 1

    async def test_to_a_restart_of_bluetoothd(self, bluez: FakeBluez) -> None:
        await bluez.refuse_starts(3)
        async with listening(a_radio()) as listener:
            await listener.is_hearing()
        assert await bluez.counts() == {"power_cycles": 1, "restarts": 1}

    async def test_to_its_end(self, bluez: FakeBluez) -> None:
        await bluez.refuse_starts(1000)
        recovery = Recovery(attempts=4, backoff=Backoff(first_s=0.001, most_s=0.01))
        with pytest.raises(RadioLostError, match="hci0: start_failed, 4 times in a row"):
            await asyncio.wait_for(_listen(a_radio(recovery)), 20)

    async def test_in_silence_and_believes_only_an_advertisement(self, bluez: FakeBluez) -> None:
        recovery = Recovery(silent_s=0.2, check_s=0.1, attempts=1000, backoff=PATIENT.backoff)
        async with listening(a_radio(recovery)) as listener:
            await listener.is_blind("silent")
            assert listener.health[-1].for_ms == 200, "so long it had not heard"

            async def restarted() -> bool:
                return (await bluez.counts())["restarts"] > 0

            async def heard_a_stranger() -> bool:
                await bluez.inject(FOREIGN, STRANGER)
                return listener.reasons[-1] == "scanning"

            await until("a restart of bluetoothd", restarted)
            assert listener.reasons[-1] != "scanning"
            await until("hearing again", heard_a_stranger)
        assert listener.adverts == []

    async def test_in_silence_to_its_end(self, bluez: FakeBluez) -> None:
        recovery = Recovery(silent_s=0.02, check_s=0.01, attempts=2, backoff=PATIENT.backoff)
        with pytest.raises(RadioLostError, match="hci0: silent, 2 times in a row"):
            await asyncio.wait_for(_listen(a_radio(recovery)), 20)
        await bluez.idle()

    @pytest.mark.parametrize("what", ["bluetoothd", "adapter"])
    async def test_in_absence_to_its_end(self, bluez: FakeBluez, what: str) -> None:
        await (bluez.stop() if what == "bluetoothd" else bluez.unplug("hci0"))
        recovery = Recovery(ready_s=0.05, attempts=2, backoff=PATIENT.backoff)
        with pytest.raises(RadioLostError, match=f"no_{what}, 2 times"):
            await asyncio.wait_for(_listen(a_radio(recovery)), 20)


class TestTheBus:
    async def test_that_is_not_there_is_waited_for(self) -> None:
        recovery = Recovery(attempts=3, backoff=PATIENT.backoff)
        for address in ("unix:path=/nonexistent/bus", "tcp:host=127.0.0.1,port=1", "nonsense"):
            with system_bus_at(address), pytest.raises(RadioLostError, match="no_bus, 3 times"):
                await asyncio.wait_for(_listen(a_radio(recovery)), 20)

    async def test_that_goes_away_is_noticed(self) -> None:
        if why := missing():
            pytest.skip(why)
        with message_bus() as address, system_bus_at(address):
            recovery = Recovery(attempts=3, backoff=PATIENT.backoff)
            reasons: list[Any] = []
            task = asyncio.create_task(
                a_radio(recovery).listen(lambda _: None, lambda h: reasons.append(h.reason))
            )
            await until("blindness", lambda: bool(reasons))
        with pytest.raises(RadioLostError):
            await asyncio.wait_for(task, 20)
        assert reasons == ["no_bluetoothd", "no_bus"]


async def _listen(radio: BluetoothRadio) -> None:
    await radio.listen(lambda _: None, lambda _: None)
