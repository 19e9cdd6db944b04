"""Radios that are asked to mend themselves, and several of them on one machine, with a fake BlueZ."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from shopbell_edge.adapters.ble.management import Management
from shopbell_edge.adapters.ble.radio import BluetoothRadio
from shopbell_edge.core.backoff import Backoff
from shopbell_edge.core.hearing_path import TrialRules
from shopbell_edge.core.management import taking
from shopbell_edge.core.packet_filter import program
from shopbell_edge.core.recovery import Recovery
from shopbell_edge.core.restraint import POWER_EVERY_MS, Restraint
from shopbell_edge.core.retailer import Retailer
from shopbell_edge.core.usual import interest_in
from tests.edge.adapters.listening import listening
from tests.fakes.clock import FakeClock
from tests.fakes.kernel import FakeKernel
from tests.rigs.fake_bluez.bus import missing, system_bus_at
from tests.rigs.fake_bluez.client import FakeBluez, fake_bluez
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from shopbell_edge.core.reception import Doubt
    from tests.edge.adapters.listening import Listener

PHONE: Final = "C0:FF:EE:00:00:01"
RETAILER: Final = Retailer(uuid="6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61", prefix="5bb0e111")
IBEACON: Final = bytes.fromhex("02011a1aff4c0002156f2a1c5e9b7d4e03a1c40f5d2e8b7a61ad550f72c5")
QUICK: Final = Backoff(first_s=0.001, most_s=0.01)
PATIENT: Final = Recovery(check_s=0.05, backoff=QUICK)
DEAF: Final = Recovery(silent_s=0.1, check_s=0.05, attempts=4, backoff=QUICK)
"""A radio whose adapter brings nothing, and whose patience is soon at its end."""


def a_radio(
    adapter: str = "hci0",
    recovery: Recovery = PATIENT,
    *,
    clock: FakeClock | None = None,
    restraint: Restraint | None = None,
    management: Management | None = None,
    silence_counts: Callable[[], bool] = lambda: True,
) -> BluetoothRadio:
    return BluetoothRadio(
        adapter,
        look=interest_in(RETAILER),
        boottime=(clock or FakeClock()).boottime,
        recovery=recovery,
        uniform=lambda _low, high: high,
        management=management,
        restraint=restraint,
        silence_counts=silence_counts,
    )


class Looks:
    """How often silence was looked at; it counts from some look on."""

    def __init__(self, *, counts_from: int = 0) -> None:
        self.count = 0
        self._from = counts_from

    def __call__(self) -> bool:
        self.count += 1
        return self.count > self._from

    async def of_many_failures(self) -> None:
        """Wait until a radio that is DEAF has failed far more often than it has patience for."""
        await until("failures", lambda: self.count >= 50)


async def mended(radio: BluetoothRadio, listener: Listener, why: Doubt, tries: int) -> None:
    """Ask for the next remedy, and wait until it scans again."""
    listener.forget()
    radio.mend(why, tries)
    await listener.is_blind(why)
    await listener.is_hearing()


class TestIsAskedToMendItself:
    async def test_and_climbs_the_ladder_though_it_hears(self, bluez: FakeBluez) -> None:
        radio = a_radio()
        async with listening(radio) as listener:
            await listener.is_hearing()
            counts = []
            for tries in (1, 2, 3):
                await bluez.inject(IBEACON, PHONE)
                await mended(radio, listener, "duplicate_filter", tries)
                counts.append(tuple(sorted((await bluez.counts()).items())))
        assert [dict(each) for each in counts] == [
            {"power_cycles": 0, "restarts": 0},
            {"power_cycles": 1, "restarts": 0},
            {"power_cycles": 1, "restarts": 1},
        ]

    async def test_for_ever_without_giving_up_and_never_too_often(self, bluez: FakeBluez) -> None:
        clock = FakeClock()
        radio = a_radio(clock=clock)
        async with listening(radio) as listener:
            await listener.is_hearing()
            for tries in range(1, 16):
                await mended(radio, listener, "dead_band", tries)
            assert await bluez.counts() == {"power_cycles": 1, "restarts": 1}
            clock.forward(POWER_EVERY_MS)
            await mended(radio, listener, "dead_band", 16)
        assert await bluez.counts() == {"power_cycles": 2, "restarts": 1}

    async def test_while_it_is_doing_so_already(self, bluez: FakeBluez) -> None:
        radio = a_radio()
        radio.mend("dead_band", 1)
        async with listening(radio) as listener:
            await listener.is_hearing()
            radio.mend("dead_band", 2)
            radio.mend("dead_band", 3)
            await listener.is_blind("dead_band")
            await bluez.scanning()
            listener.forget()
            await listener.is_hearing()
        assert (await bluez.counts())["restarts"] == 0

    @pytest.mark.parametrize("doubt", ["dead_band", "duplicate_filter"])
    async def test_by_the_socket_at_once_where_bluetoothd_withholds(
        self, bluez: FakeBluez, doubt: Doubt
    ) -> None:
        kernel = FakeKernel()
        kernel.deaf = True
        management = Management(
            taking=lambda controller: taking(controller, RETAILER),
            program=lambda controller, sample: program(controller, RETAILER, sample=sample),
            rules=TrialRules(window_s=0.1, least=5, retry_s=86_400, doubt_s=30.0),
            open=kernel.open,
        )
        radio = a_radio(management=management)
        async with listening(radio) as listener:

            async def said(reason: str) -> bool:
                kernel.advertise(IBEACON)
                await bluez.inject(IBEACON, PHONE)
                return reason in listener.reasons

            await until("bleak is chosen", lambda: said("management_deaf"))
            kernel.deaf = False
            radio.mend(doubt, 1)
            await until("the socket is", lambda: said("scanning_management"))
        await bluez.idle()


@pytest.mark.usefixtures("bluez")
async def test_silence_that_does_not_count_is_no_reason_to_recover() -> None:
    looks = Looks(counts_from=20)
    radio = a_radio(recovery=replace(DEAF, attempts=1_000), silence_counts=looks)
    async with listening(radio) as listener:
        await until("twenty looks", lambda: looks.count >= 20)
        assert listener.reasons == ["scanning"]
        await listener.is_blind("silent")


@pytest.fixture
async def two() -> AsyncIterator[FakeBluez]:
    """Run a bluetoothd with two adapters."""
    if why := missing():
        pytest.skip(why)
    async with fake_bluez(adapters=("hci0", "hci1")) as fake:
        with system_bus_at(fake.address):
            yield fake


class TestTwoOnOneMachine:
    async def test_one_goes_on_while_the_other_is_broken(self, two: FakeBluez) -> None:
        restraint, looks = Restraint(), Looks()
        async with AsyncExitStack() as stack:
            well = await stack.enter_async_context(listening(a_radio("hci1", restraint=restraint)))
            await well.is_hearing()
            broken = a_radio("hci0", DEAF, restraint=restraint, silence_counts=looks)
            await stack.enter_async_context(listening(broken))
            await looks.of_many_failures()  # it may neither restart bluetoothd nor end the process
            assert await two.counts() == {"power_cycles": 1, "restarts": 0}
            await two.inject(IBEACON, PHONE, adapter="hci1")
            await well.hears(1)
            assert well.reasons == ["scanning"]

    async def test_of_two_that_are_broken_one_restarts_bluetoothd(self, two: FakeBluez) -> None:
        restraint = Restraint(exited=FakeClock().boottime())
        async with AsyncExitStack() as stack:
            both = {name: Looks() for name in ("hci0", "hci1")}
            for name, looks in both.items():
                radio = a_radio(name, DEAF, restraint=restraint, silence_counts=looks)
                await stack.enter_async_context(listening(radio))
            for looks in both.values():
                await looks.of_many_failures()
            assert await two.counts() == {"power_cycles": 2, "restarts": 1}

    async def test_one_without_an_adapter_does_not_disturb_the_other(self, two: FakeBluez) -> None:
        restraint = Restraint()
        await two.unplug("hci0")
        missing_ = Recovery(ready_s=0.02, attempts=3, backoff=QUICK)
        async with AsyncExitStack() as stack:
            well = await stack.enter_async_context(listening(a_radio("hci1", restraint=restraint)))
            await well.is_hearing()
            gone = await stack.enter_async_context(
                listening(a_radio("hci0", missing_, restraint=restraint))
            )
            await gone.is_blind("no_adapter")
            await two.plug("hci0")
            await gone.is_hearing()
            assert well.reasons == ["scanning"]
            assert await two.counts() == {"power_cycles": 0, "restarts": 0}
