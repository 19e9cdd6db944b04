"""The management path on a real kernel: HCI reports in, advertisements out of the kernel's own socket.

The guest's sockets are relayed; everything else is as the daemon runs it.
"""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import pytest

from shopbell_edge.adapters.ble.management import Kernel, Management, NoManagementError
from shopbell_edge.adapters.ble.radio import BluetoothRadio
from shopbell_edge.core.hearing_path import TrialRules
from shopbell_edge.core.management import taking
from shopbell_edge.core.packet_filter import program
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

    from tests.edge.adapters.listening import Listener
    from tests.rigs.real_bluez.client import RealBluez
    from tests.rigs.real_bluez.controller import Kind, VirtualController
    from tests.rigs.real_bluez.management import RelayedManagement, Who

pytestmark = pytest.mark.timeout(300)  # the first test waits for the build and boot of the guest

RETAILER: Final = Retailer(uuid="6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61", prefix="5bb0e111")
FLAGS_BYTES: Final = 3
PHONE: Final = "C0:FF:EE:00:00:01"
IBEACON: Final = bytes.fromhex("02011a1aff4c0002156f2a1c5e9b7d4e03a1c40f5d2e8b7a61ad550f72c5")
FOREIGN: Final = IBEACON[:9] + bytes(16) + IBEACON[25:]
NAME: Final = b"\x06\x09Kassa"
ENOUGH: Final = 12
"""A scan pauses every ten seconds, which the test learns a little late: what it sends meanwhile is lost."""

QUICK: Final = TrialRules(window_s=1.0, least=20, doubt_s=300.0, retry_s=2.0)


def a_management(relayed: RelayedManagement, *, insists: bool) -> Management:
    return Management(
        taking=lambda controller: taking(controller, RETAILER),
        program=lambda controller, sample: program(controller, RETAILER, sample=sample),
        insists=insists,
        rules=QUICK,
        open=relayed.open,
    )


def a_radio(adapter: str, management: Management) -> BluetoothRadio:
    return BluetoothRadio(
        adapter,
        look=interest_in(RETAILER),
        boottime=lambda: Boottime(0),
        recovery=Recovery(),
        uniform=random.uniform,
        management=management,
    )


@asynccontextmanager
async def hearing(real_bluez: RealBluez, adapter: str) -> AsyncIterator[Listener]:
    """Hear through the socket alone."""
    async with real_bluez.management() as relayed:
        radio = a_radio(adapter, a_management(relayed, insists=True))
        async with listening(radio) as listener:
            await listener.is_hearing()
            assert listener.health[-1].way == "management"
            yield listener


def a_frame(name: str) -> bytes:
    return bytes.fromhex(vectors("signals.json")["frames"][name])


async def chosen(controller: VirtualController, listener: Listener) -> None:
    async def chosen() -> bool:
        await controller.receive(IBEACON, PHONE)
        return "scanning_management" in listener.reasons

    await until("the choice", chosen, within_s=90.0)


@pytest.mark.parametrize(("frame", "kind", "flags"), SENT)
async def test_every_advertisement_that_stays_the_same_is_heard(
    real_bluez: RealBluez, frame: str, kind: Kind, *, flags: bool
) -> None:
    """No bus merges what came within a turn of its loop, and there is no dead band."""
    ad = a_frame(frame)[0 if flags else FLAGS_BYTES :]
    async with (
        real_bluez.controller() as (controller, adapter),
        hearing(real_bluez, adapter) as listener,
    ):
        await controller.receive(ad, PHONE, -61, times=60, kind=kind)
        adverts = await listener.hears(ENOUGH)
    assert {advert.rssi_dbm for advert in adverts} == {-61}


async def test_payloads_that_change_come_each_by_itself(real_bluez: RealBluez) -> None:
    """Nothing accumulates, as it does in bluetoothd: of one address each frame comes alone."""
    async with (
        real_bluez.controller() as (controller, adapter),
        hearing(real_bluez, adapter) as listener,
    ):
        for frame in FRAMES * 7:
            await controller.receive(a_frame(frame), PHONE)
        adverts = await listener.hears(ENOUGH)
        kinds = {(bool(m), bool(s), len(u)) for _, m, s, u in adverts}
        assert kinds == {(True, False, 0), (False, True, 0), (False, False, 1)}


async def test_strangers_are_counted_and_go_no_further(real_bluez: RealBluez) -> None:
    async with (
        real_bluez.controller() as (controller, adapter),
        real_bluez.management() as relayed,
    ):
        radio = a_radio(adapter, a_management(relayed, insists=True))
        async with listening(radio) as listener:
            await listener.is_hearing()
            for ad in (FOREIGN, NAME, FOREIGN + NAME):
                await controller.receive(ad, "DE:AD:BE:EF:00:00", times=40)
            await controller.receive(IBEACON, PHONE, times=5)
            adverts = await listener.hears(1)
            assert {advert.manufacturer_data[0x4C] for advert in adverts} == {IBEACON[7:]}
        assert 0 <= radio.dropped["not_ours"] <= 400, "about 120, from a sample"


@pytest.mark.parametrize(
    ("who", "may"), [("root", True), ("network administrator", True), ("nobody", False)]
)
async def test_the_kernel_asks_for_the_capability_over_networks(
    real_bluez: RealBluez, who: Who, *, may: bool
) -> None:
    async with (
        real_bluez.controller() as (controller, adapter),
        real_bluez.management(who) as relayed,
    ):
        management = a_management(relayed, insists=False)
        number = int(adapter.removeprefix("hci"))
        if not may:
            with pytest.raises(NoManagementError, match="management_denied"):
                await Kernel.connected(number, management)
            return
        kernel = await Kernel.connected(number, management)
        try:
            async with real_bluez.scan(adapter):
                await controller.receive(IBEACON, PHONE, times=20)
                await until("what was received", lambda: kernel.ours >= ENOUGH)
        finally:
            kernel.close()


async def test_the_kernel_runs_the_filter_on_its_own_socket(real_bluez: RealBluez) -> None:
    """Elsewhere it runs on the socket of this machine that the relay feeds; here in the guest."""
    async with real_bluez.controller() as (controller, adapter):
        number = int(adapter.removeprefix("hci"))
        async with (
            real_bluez.management(program=program(number, RETAILER, sample=16)) as relayed,
            real_bluez.scan(adapter),
        ):
            kernel = await Kernel.connected(number, a_management(relayed, insists=False))
            try:
                await controller.receive(FOREIGN, "DE:AD:BE:EF:00:00", times=64)
                await controller.receive(IBEACON, PHONE, times=20)
                await until("what was let through", lambda: kernel.ours >= ENOUGH)
                assert kernel.strangers < 32, "four of 64 on average"
            finally:
                kernel.close()


async def test_the_socket_is_chosen_beside_bleak(real_bluez: RealBluez) -> None:
    async with (
        real_bluez.controller() as (controller, adapter),
        real_bluez.management() as relayed,
        listening(a_radio(adapter, a_management(relayed, insists=False))) as listener,
    ):
        await listener.is_hearing()
        await chosen(controller, listener)
        await controller.receive(IBEACON, PHONE, -71, times=20)

        def most_heard() -> bool:
            return [advert.rssi_dbm for advert in listener.adverts].count(-71) >= ENOUGH

        await until("most of them", most_heard)


async def test_bleak_is_chosen_without_the_capability(real_bluez: RealBluez) -> None:
    async with (
        real_bluez.controller() as (controller, adapter),
        real_bluez.management("nobody") as relayed,
        listening(a_radio(adapter, a_management(relayed, insists=False))) as listener,
    ):
        await until("a reason", lambda: "management_denied" in listener.reasons)
        assert listener.health[-1].way == "bleak"
        await controller.receive(IBEACON, PHONE, times=5)
        await listener.hears(1)


async def test_a_restart_of_bluetoothd_is_recovered_from(real_bluez: RealBluez) -> None:
    async with (
        real_bluez.controller() as (controller, adapter),
        real_bluez.management() as relayed,
        listening(a_radio(adapter, a_management(relayed, insists=False))) as listener,
    ):
        await listener.is_hearing()
        await chosen(controller, listener)
        await real_bluez.kill_bluetoothd()
        await listener.is_blind("no_bluetoothd")
        listener.forget()
        await real_bluez.start_bluetoothd()
        assert await real_bluez.adapter_of(controller) == adapter
        await chosen(controller, listener)
        listener.forget()
        await controller.receive(IBEACON, PHONE, times=20)
        await listener.hears(ENOUGH)
