"""The second way to hear, and the choice between it and bleak: a fake bluetoothd on a real bus."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from dbus_fast import Message
from dbus_fast.aio import MessageBus

from shopbell_edge.adapters.ble.kernel_socket import without_room
from shopbell_edge.adapters.ble.management import Management
from shopbell_edge.adapters.ble.radio import BluetoothRadio
from shopbell_edge.core.backoff import Backoff
from shopbell_edge.core.hearing_path import TrialRules
from shopbell_edge.core.management import taking
from shopbell_edge.core.packet_filter import program
from shopbell_edge.core.recovery import Recovery
from shopbell_edge.core.retailer import Retailer
from shopbell_edge.core.units import Boottime
from shopbell_edge.core.usual import interest_in
from shopbell_edge.ports import RadioLostError
from tests.edge.adapters.listening import listening
from tests.edge.core.management_events import found
from tests.fakes.kernel import FakeKernel
from tests.rigs.fake_bluez.client import FakeBluez, Report
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.edge.adapters.listening import Listener

PHONE: Final = "C0:FF:EE:00:00:01"
RETAILER: Final = Retailer(uuid="6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61", prefix="5bb0e111")
IBEACON: Final = bytes.fromhex("02011a1aff4c0002156f2a1c5e9b7d4e03a1c40f5d2e8b7a61ad550f72c5")
FOREIGN: Final = IBEACON[:9] + bytes(16) + IBEACON[25:]
QUICK: Final = TrialRules(window_s=0.1, least=5, retry_s=0.2, doubt_s=0.2)
PATIENT: Final = Recovery(check_s=0.05, backoff=Backoff(first_s=0.001, most_s=0.01))


def a_management(kernel: FakeKernel, rules: TrialRules = QUICK) -> Management:
    return Management(
        taking=lambda controller: taking(controller, RETAILER),
        program=lambda controller, sample: program(controller, RETAILER, sample=sample),
        rules=rules,
        open=kernel.open,
        without_room=kernel.without_room,
    )


def a_radio(management: Management, recovery: Recovery = PATIENT) -> BluetoothRadio:
    return BluetoothRadio(
        "hci0",
        look=interest_in(RETAILER),
        boottime=lambda: Boottime(0),
        recovery=recovery,
        uniform=lambda _low, high: high,
        management=management,
    )


class Street:
    """Phones that advertise to bluetoothd and to the kernel alike."""

    def __init__(self, bluez: FakeBluez, kernel: FakeKernel) -> None:
        self._bluez = bluez
        self._kernel = kernel

    async def __call__(self, ad: bytes = IBEACON) -> bool:
        """Send one advertisement; True, so that a wait can go on with it."""
        self._kernel.advertise(ad)
        await self._bluez.inject(ad, PHONE)
        return True

    async def until_said(self, listener: Listener, reason: str) -> None:
        async def said() -> bool:
            await self()
            return reason in listener.reasons

        await until(reason, said)


@asynccontextmanager
async def choosing(
    bluez: FakeBluez, kernel: FakeKernel, rules: TrialRules = QUICK
) -> AsyncIterator[tuple[Listener, Street]]:
    async with listening(a_radio(a_management(kernel, rules))) as listener:
        await bluez.scanning()
        await listener.is_hearing()
        yield listener, Street(bluez, kernel)
    await bluez.idle()  # no scan is left behind
    await until("its sockets closed", lambda: kernel.sockets == 0)


class TestChooses:
    async def test_the_socket_when_it_delivers_what_bleak_does(self, bluez: FakeBluez) -> None:
        kernel = FakeKernel()
        async with choosing(bluez, kernel) as (listener, street):
            await street.until_said(listener, "scanning_management")
            assert [health.way for health in listener.health] == ["bleak", "management"]
            kernel.advertise(IBEACON, -77)
            await until("it heard", lambda: listener.adverts[-1].rssi_dbm == -77)
            await bluez.scanning()  # for nobody on the bus

    async def test_bleak_where_there_is_no_such_socket(self, bluez: FakeBluez) -> None:
        """As on this machine, which has no Bluetooth; there it says why."""

        def absent() -> socket.socket:
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))

        radio = a_radio(replace(a_management(FakeKernel()), open=absent))
        async with listening(radio) as listener:
            await bluez.scanning()
            await until("a reason", lambda: "management_absent" in listener.reasons)
            assert listener.health[-1].state == "hearing"
            assert listener.health[-1].way == "bleak"
            await bluez.inject(IBEACON, PHONE)
            await listener.hears(1)

    async def test_bleak_without_the_capability(self, bluez: FakeBluez) -> None:
        kernel = FakeKernel()
        kernel.denies = True
        async with choosing(bluez, kernel) as (listener, street):
            await until("a reason", lambda: "management_denied" in listener.reasons)
            await street()
            await listener.hears(1)

    async def test_bleak_where_the_kernel_tells_nothing(self, bluez: FakeBluez) -> None:
        kernel = FakeKernel()
        kernel.deaf = True
        async with choosing(bluez, kernel) as (listener, street):
            await street.until_said(listener, "management_deaf")

    async def test_bleak_where_the_kernel_tells_less(self, bluez: FakeBluez) -> None:
        """As with a controller that another program has set to filter."""
        kernel = FakeKernel()
        rules = replace(QUICK, least=20)
        async with choosing(bluez, kernel, rules) as (listener, _):

            async def every_other() -> bool:
                kernel.advertise(IBEACON)
                await bluez.inject_many([Report(ad=IBEACON, address=PHONE)] * 2)
                return "management_misses" in listener.reasons

            await until("a reason", every_other)

    async def test_nothing_as_long_as_nothing_is_on_the_air(self, bluez: FakeBluez) -> None:
        kernel = FakeKernel()
        async with choosing(bluez, kernel, replace(QUICK, window_s=0.01)) as (listener, street):
            await until("a trial", lambda: kernel.sockets == 1)
            await street()
            await listener.hears(1)
            assert listener.reasons == ["scanning"]


class TestGoesBackToBleak:
    async def test_when_the_socket_falls_silent_and_bleak_does_not(self, bluez: FakeBluez) -> None:
        kernel = FakeKernel()
        async with choosing(bluez, kernel) as (listener, street):
            await street.until_said(listener, "scanning_management")
            kernel.deaf = True
            listener.forget()
            await street.until_said(listener, "management_deaf")
            assert "blind" not in {health.state for health in listener.health}
            assert listener.adverts, "bleak has heard meanwhile"

    async def test_when_the_socket_breaks_and_tries_again_later(self, bluez: FakeBluez) -> None:
        kernel = FakeKernel()
        async with choosing(bluez, kernel) as (listener, street):
            await street.until_said(listener, "scanning_management")
            kernel.break_off()
            await until("a reason", lambda: "management_lost" in listener.reasons)
            listener.forget()
            await street.until_said(listener, "scanning_management")

    async def test_when_the_kernel_becomes_mute(self, bluez: FakeBluez) -> None:
        kernel = FakeKernel()
        kernel.mute = True
        async with choosing(bluez, kernel) as (listener, _):
            await until("a reason", lambda: "management_unanswered" in listener.reasons)

    async def test_but_not_for_a_quiet_shop(self, bluez: FakeBluez) -> None:
        kernel = FakeKernel()
        before = await connections(bluez)
        async with choosing(bluez, kernel) as (listener, street):
            await street.until_said(listener, "scanning_management")
            for others in (1, 2):  # that which watches bluetoothd; then bleak, which is asked

                async def on_the_bus(others: int = others) -> bool:
                    return await connections(bluez) == before + others

                await until(f"{others} on the bus", on_the_bus)
            listener.forget()

            async def heard() -> bool:  # once its scan runs
                await street()
                return bool(listener.adverts)

            await until("an advertisement", heard)
            assert listener.reasons == ["scanning_management"]


class TestRecovers:
    async def test_from_a_restart_of_bluetoothd(self, bluez: FakeBluez) -> None:
        kernel = FakeKernel()
        async with choosing(bluez, kernel) as (listener, street):
            await street.until_said(listener, "scanning_management")
            await bluez.stop()
            await listener.is_blind("no_bluetoothd")
            await bluez.start()
            listener.forget()
            await street.until_said(listener, "scanning_management")

    async def test_from_silence_of_both_by_the_ladder(self, bluez: FakeBluez) -> None:
        kernel = FakeKernel()
        recovery = replace(PATIENT, silent_s=0.5)
        async with listening(a_radio(a_management(kernel), recovery)) as listener:
            await bluez.scanning()
            await Street(bluez, kernel).until_said(listener, "scanning_management")
            await listener.is_blind("silent")

    async def test_ends_where_only_the_socket_will_do_and_it_will_not(
        self, bluez: FakeBluez
    ) -> None:
        kernel = FakeKernel()
        kernel.denies = True
        radio = a_radio(replace(a_management(kernel), insists=True), replace(PATIENT, attempts=3))
        with pytest.raises(RadioLostError, match="hci0: management_denied, 3 times in a row"):
            await asyncio.wait_for(radio.listen(lambda _: None, lambda _: None), 20)
        await bluez.idle()

    async def test_proves_by_a_stranger_that_it_hears_again(self, bluez: FakeBluez) -> None:
        kernel = FakeKernel()
        radio = a_radio(
            replace(a_management(kernel), insists=True),
            replace(PATIENT, silent_s=0.3, attempts=1000),
        )
        async with listening(radio) as listener:
            await listener.is_blind("silent")
            listener.forget()

            def heard_a_stranger() -> bool:
                for _ in range(64):
                    kernel.advertise(FOREIGN)
                return listener.reasons[-1] == "scanning_management"

            await until("hearing again", heard_a_stranger)
        assert listener.adverts == []
        await bluez.idle()


class TestCounts:
    async def test_what_could_not_be_read(self, bluez: FakeBluez) -> None:
        kernel = FakeKernel()
        radio = a_radio(replace(a_management(kernel), insists=True))
        async with listening(radio) as listener:
            await listener.is_hearing()
            kernel.send(found(IBEACON)[:-1])
            kernel.advertise(FOREIGN)
            kernel.advertise(IBEACON)
            await listener.hears(1)
        assert radio.dropped == {"not_ours": 1, "malformed_event": 1}
        await bluez.idle()

    async def test_what_came_faster_than_it_was_read(self, bluez: FakeBluez) -> None:
        kernel = FakeKernel()
        kernel.overflown = 5  # before it was used: nobody's loss
        radio = a_radio(replace(a_management(kernel), insists=True))
        async with listening(radio) as listener:
            await listener.is_hearing()
            assert "overflow" not in radio.dropped
            kernel.overflown += 7
            assert radio.dropped["overflow"] == 7
            kernel.break_off()

            def heard() -> bool:
                kernel.advertise(IBEACON)
                return bool(listener.adverts)

            await until("another socket is heard", heard)
            kernel.overflown += 2
        assert radio.dropped["overflow"] == 9
        await bluez.idle()

    def test_what_this_kernel_had_no_room_for(self) -> None:
        """Of a socket of another family: the number is kept, and told, for all of them alike."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            ours.bind(("127.0.0.1", 0))
            assert without_room(ours) == 0
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as theirs:
                for _ in range(100):
                    theirs.sendto(bytes(100), ours.getsockname())
            kept = 0
            ours.setblocking(False)  # noqa: FBT003  its signature
            with contextlib.suppress(BlockingIOError):
                while ours.recv(200):
                    kept += 1
            assert 0 < kept < 100
            assert without_room(ours) == 100 - kept

    def test_nothing_where_the_kernel_does_not_say(self) -> None:
        with socket.socket() as closed:
            closed.close()
            assert without_room(closed) == 0


class TestCosts:
    async def test_nothing_over_the_bus_once_the_socket_is_used(self, bluez: FakeBluez) -> None:
        kernel = FakeKernel()
        before = await connections(bluez)
        async with choosing(bluez, kernel) as (listener, street):
            await street.until_said(listener, "scanning_management")

            async def alone() -> bool:
                return await connections(bluez) == before + 1  # that which watches bluetoothd

            await until("bleak off the bus", alone)


async def connections(bluez: FakeBluez) -> int:
    bus = await MessageBus(bus_address=bluez.address).connect()
    try:
        reply = await bus.call(
            Message(
                destination="org.freedesktop.DBus",
                path="/org/freedesktop/DBus",
                interface="org.freedesktop.DBus",
                member="ListNames",
            )
        )
    finally:
        bus.disconnect()
    return sum(name.startswith(":") for name in reply.body[0])
