"""The management socket itself: what it hears and drops, what the kernel holds back for it, and how it ends.

The kernel is a fake one, but for the filter that a socket is given: that one this machine's kernel runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopbell_edge.adapters.ble.ear import Ear
from shopbell_edge.adapters.ble.kernel_socket import attach, open_management
from shopbell_edge.adapters.ble.management import Kernel, NoManagementError
from shopbell_edge.core.advertisement import Advertisement
from shopbell_edge.core.interest import look_for
from shopbell_edge.core.management import taking
from shopbell_edge.core.packet_filter import RAREST, program
from shopbell_edge.core.units import Boottime
from shopbell_edge.core.usual import Usual
from tests.edge.adapters.test_management import (
    FOREIGN,
    IBEACON,
    RETAILER,
    a_management,
)
from tests.edge.core.ad_bytes import WITH_FOBS, payloads, with_fobs
from tests.edge.core.management_events import found, monitor_found
from tests.fakes.kernel import FakeKernel
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class TestTheSocket:
    async def test_is_told_by_name_if_this_machine_has_none(self) -> None:
        try:
            opened = open_management()
        except OSError:
            management = a_management(FakeKernel())
            with pytest.raises(NoManagementError, match=r"management_(absent|denied)"):
                await Kernel.connected(0, replace(management, open=open_management))
        else:
            opened.close()  # a machine with Bluetooth

    async def test_is_given_a_filter_that_keeps_strangers_back(self) -> None:
        kernel = FakeKernel()
        listener = Heard()
        async with connected(kernel) as told:
            told.hear(listener, lambda: None)  # type: ignore[arg-type]  # an ear for tests
            for _ in range(320):
                kernel.advertise(FOREIGN)
                kernel.advertise(IBEACON, controller=1)
            for event in (found, monitor_found):
                kernel.send(event(FOREIGN[3:] + IBEACON))
                kernel.send(event(FOREIGN))
            await until("ours", lambda: told.ours == 2 and told.strangers == 322)
            assert listener.rssi_dbm == [-60, -60]
            assert told.strangers == told.foreign == 322, "a quiet street is counted whole"
            for _ in range(20):
                for _ in range(100):
                    kernel.advertise(FOREIGN)
                await until("a look", lambda: kernel.unread == 0)
            assert told.strangers < 1_000, "of 2 000 in a crowd"
            assert told.foreign > told.strangers

    async def test_counts_what_came_before_the_filter_once(self) -> None:
        kernel = FakeKernel()
        async with connected(kernel) as told:
            for _ in range(32):
                kernel.advertise(FOREIGN)
            await until("strangers", lambda: told.strangers == 32)
            assert told.foreign == 32

    async def test_hears_a_repeat_as_it_heard_it_at_first(self) -> None:
        """Of its own controller, with its own strength, and until it is said to be usual no more."""
        kernel, hearer = FakeKernel(), Hearer()
        async with connected(kernel) as told:
            told.hear(hearer.ear, lambda: None)
            for rssi_dbm in (-60, -61, -128, -62, -127, -1):
                kernel.advertise(IBEACON, rssi_dbm)
                kernel.advertise(IBEACON, -50, controller=1)
                kernel.send(monitor_found(IBEACON, rssi_dbm - 1 if rssi_dbm > -120 else -70))
            await until("all", lambda: told.ours == 12)
            expected = [-60, -61, -61, -62, -70, -62, -63, -70, -1, -2]
            assert hearer.usual_dbm == expected
            assert hearer.unusual_dbm == [-128]
            assert hearer.ear.adverts == 11, "-127 is bleak's word for nothing"
            hearer.usual = False
            kernel.advertise(IBEACON, -63)
            await until("the last", lambda: told.ours == 13)
            assert hearer.unusual_dbm == [-128, -63]

    async def test_lives_through_nonsense(self) -> None:
        rng = Random(20_261_122)
        kernel = FakeKernel()
        async with connected(kernel) as told:
            for number in range(10_000):
                packet = bytearray(found(IBEACON))
                if number % 2:
                    packet[rng.randrange(len(packet))] = rng.randrange(256)
                kernel.send(bytes(packet[: rng.randrange(1, 60)]) or b"\0")
                if not number % 100:
                    await asyncio.sleep(0)  # let it read
            kernel.advertise(IBEACON)
            await until("the last", lambda: told.ours > 0)
            assert told.malformed > 0
            assert not told.lost.done()

    async def test_that_is_closed_by_the_other_side_is_lost(self) -> None:
        kernel = FakeKernel()
        async with connected(kernel) as told:
            kernel.break_off()
            await asyncio.wait_for(told.lost, 20)

    async def test_hands_on_what_a_listener_raises(self) -> None:
        kernel = FakeKernel()
        async with connected(kernel) as told:

            def first() -> None:
                raise ZeroDivisionError

            told.hear(Heard(), first)  # type: ignore[arg-type]  # as above
            for _ in range(200):
                kernel.advertise(FOREIGN)
            with pytest.raises(ZeroDivisionError):
                await asyncio.wait_for(told.lost, 20)


@settings(max_examples=300)
@given(payloads | with_fobs, st.sampled_from([found, monitor_found]), st.integers(0, 255))
def test_this_machines_kernel_keeps_back_nothing_that_is_ours(
    ad: bytes, event: object, cut: int
) -> None:
    assert callable(event)
    packet = event(ad)[: 24 + cut]
    sends, hears = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with sends, hears:
        hears.setblocking(False)  # noqa: FBT003  its signature
        assert attach(hears, program(0, WITH_FOBS, sample=RAREST))
        sends.send(packet)
        try:
            heard = hears.recv(len(packet))
        except BlockingIOError:
            heard = b""
    if isinstance(taking(0, WITH_FOBS)(bytearray(packet), len(packet)), Advertisement):
        assert heard == packet


class Hearer(Usual):
    """To whom all that is audible is usual, until it is told otherwise."""

    def __init__(self) -> None:
        self.usual = True
        self.usual_dbm: list[int] = []
        self.unusual_dbm: list[int] = []
        self.ear = Ear(
            look_for(RETAILER, lambda _parts: self),
            lambda: Boottime(0),
            lambda advertisement: self.unusual_dbm.append(advertisement.rssi_dbm),
            lambda: None,
        )

    def hear(self, rssi_dbm: int, _now: Boottime) -> bool:
        if self.usual and rssi_dbm > -127:
            self.usual_dbm.append(rssi_dbm)
            return True
        return False


class Heard:
    """An ear that remembers how strongly it heard."""

    def __init__(self) -> None:
        self.adverts = 0
        self.rssi_dbm: list[int] = []

    def boottime(self) -> Boottime:
        return Boottime(0)

    def detected(self, _device: None, data: tuple[object, ...]) -> None:
        rssi_dbm = data[5]
        assert isinstance(rssi_dbm, int)
        self.rssi_dbm.append(rssi_dbm)


@asynccontextmanager
async def connected(kernel: FakeKernel) -> AsyncIterator[Kernel]:
    told = await Kernel.connected(0, a_management(kernel))
    try:
        yield told
    finally:
        told.close()
        with contextlib.suppress(asyncio.CancelledError):
            await until("its socket closed", lambda: kernel.sockets == 0)
