"""What every Radio promises, held by the real ones and by the fake."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final, Protocol

import pytest

from shopbell_edge.adapters.ble.management import Management
from shopbell_edge.adapters.ble.radio import BluetoothRadio
from shopbell_edge.adapters.socket_radio import SocketRadio
from shopbell_edge.core.ad_structures import parse
from shopbell_edge.core.management import taking
from shopbell_edge.core.packet_filter import program
from shopbell_edge.core.recovery import Recovery
from shopbell_edge.core.units import Boottime
from shopbell_edge.core.usual import UNUSUAL
from tests.edge.adapters.listening import Listener, listening
from tests.edge.core.ad_bytes import ALTBEACON_FOB, EDDYSTONE_FOB, IBEACON_FOB, WITH_FOBS
from tests.fakes.kernel import FakeKernel
from tests.fakes.radio import FakeRadio
from tests.rigs.fake_bluez.bus import missing, system_bus_at
from tests.rigs.fake_bluez.client import FakeBluez, fake_bluez

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from shopbell_edge.core.advertisement import Advertisement
    from shopbell_edge.ports import Health, Radio

IBEACON: Final = bytes.fromhex("02011a1aff4c0002156f2a1c5e9b7d4e03a1c40f5d2e8b7a61ad550f72c5")
SERVICE_UUID: Final = bytes.fromhex("02011a110711cc4f42f45cded2c3ad29cc11e1b05b")


class Air(Protocol):
    """A radio, and a way to send to it."""

    @property
    def radio(self) -> Radio: ...

    async def send(self, ad: bytes, phone: int, rssi_dbm: int) -> None: ...


class BleakAir:
    def __init__(self, bluez: FakeBluez) -> None:
        self.radio = BluetoothRadio(
            "hci0",
            look=lambda _manufacturer, _service, _uuids: UNUSUAL,
            boottime=lambda: Boottime(0),
            recovery=Recovery(),
            uniform=lambda low, _high: low,
        )
        self._bluez = bluez

    async def send(self, ad: bytes, phone: int, rssi_dbm: int) -> None:
        await self._bluez.inject(ad, f"C0:FF:EE:00:00:{phone:02X}", rssi_dbm)


class ManagementAir:
    """bluetoothd scans, and a management socket says what was received."""

    def __init__(self) -> None:
        self._kernel = FakeKernel()
        self.radio = BluetoothRadio(
            "hci0",
            look=lambda _manufacturer, _service, _uuids: UNUSUAL,
            boottime=lambda: Boottime(0),
            recovery=Recovery(),
            uniform=lambda low, _high: low,
            management=Management(
                taking=lambda controller: taking(controller, WITH_FOBS),
                program=lambda controller, sample: program(controller, WITH_FOBS, sample=sample),
                insists=True,
                open=self._kernel.open,
            ),
        )

    async def send(self, ad: bytes, phone: int, rssi_dbm: int) -> None:
        del phone  # all addresses are alike to it
        self._kernel.advertise(ad, rssi_dbm)


class SocketAir:
    def __init__(self, path: Path) -> None:
        self.radio = SocketRadio(path, scanner="hci0")
        self._path = path

    async def send(self, ad: bytes, phone: int, rssi_dbm: int) -> None:
        del phone  # there is no address to give
        _, writer = await asyncio.open_unix_connection(self._path)
        writer.write(json.dumps({"ad": ad.hex(), "rssi": rssi_dbm}).encode() + b"\n")
        writer.close()
        await writer.wait_closed()


class FakeAir:
    def __init__(self) -> None:
        self.radio = FakeRadio(scanner="hci0")

    async def send(self, ad: bytes, phone: int, rssi_dbm: int) -> None:
        del phone
        self.radio.play(parse(ad, rssi_dbm))


@pytest.fixture(params=["bleak", "management", "socket", "fake"])
async def air(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Air]:
    match request.param:
        case "bleak":
            if why := missing():
                pytest.skip(why)
            async with fake_bluez() as bluez:
                with system_bus_at(bluez.address):
                    yield BleakAir(bluez)
        case "management":
            if why := missing():
                pytest.skip(why)
            async with fake_bluez() as bluez:
                with system_bus_at(bluez.address):
                    yield ManagementAir()
        case "socket":
            yield SocketAir(tmp_path / "radio")
        case _:
            yield FakeAir()


@asynccontextmanager
async def hearing(air: Air) -> AsyncIterator[Listener]:
    async with listening(air.radio) as listener:
        await listener.is_hearing()
        yield listener


async def test_it_has_a_name(air: Air) -> None:
    assert air.radio.scanner == "hci0"


async def test_it_says_that_it_hears(air: Air) -> None:
    async with hearing(air) as listener:
        assert [health.state for health in listener.health] == ["hearing"]


async def test_what_is_sent_is_heard_in_full_and_in_order(air: Air) -> None:
    sent = [
        (IBEACON, 1, -61),
        (SERVICE_UUID, 2, -90),
        (IBEACON, 1, -61),
        (IBEACON_FOB, 3, -50),
        (ALTBEACON_FOB, 4, -51),
        (EDDYSTONE_FOB, 5, -52),
    ]
    async with hearing(air) as listener:
        for number, (ad, phone, rssi_dbm) in enumerate(sent):
            await air.send(ad, phone, rssi_dbm)
            await listener.hears(number + 1)
        heard = [_plain(advert) for advert in listener.adverts]
    assert heard == [_plain(parse(ad, rssi_dbm)) for ad, _, rssi_dbm in sent]


async def test_it_can_listen_again(air: Air) -> None:
    for _ in range(2):
        async with hearing(air) as listener:
            await air.send(IBEACON, 1, -61)
            await listener.hears(1)


async def test_an_error_of_who_listens_ends_it(air: Air) -> None:
    hears = asyncio.Event()

    def heard(_: Advertisement) -> None:
        raise ZeroDivisionError

    def health(_: Health) -> None:
        hears.set()

    task = asyncio.create_task(air.radio.listen(heard, health))
    await asyncio.wait_for(hears.wait(), 20)
    await air.send(IBEACON, 1, -61)
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(task, 20)


async def test_cancelling_it_leaves_no_task_behind(air: Air) -> None:
    async with hearing(air):
        pass
    for _ in range(3):  # what was cancelled ends within a few turns of the loop
        await asyncio.sleep(0)
    files = [coroutine.cr_code.co_filename for coroutine in map(_coroutine, asyncio.all_tasks())]
    assert not [file for file in files if "shopbell_edge" in file]


def _coroutine(task: asyncio.Task[Any]) -> CoroutineType[Any, Any, Any]:
    coroutine = task.get_coro()
    assert isinstance(coroutine, CoroutineType)
    return coroutine


def _plain(advert: Advertisement) -> tuple[object, ...]:
    return (
        advert.rssi_dbm,
        dict(advert.manufacturer_data),
        dict(advert.service_data),
        list(advert.service_uuids),
    )
