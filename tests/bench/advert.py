"""From an advertisement to a decision, beyond what bleak costs.

Two processes scan one fake BlueZ at the same time: bleak with an empty callback, and the product's radio
with its roster. Both get every signal, so whatever else the machine does, it does to both.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import asynccontextmanager
from statistics import median
from typing import TYPE_CHECKING, Final

import pytest
from bleak.backends.scanner import AdvertisementData

from shopbell_edge.adapters.ble.ear import Ear
from shopbell_edge.adapters.clock import system_clock
from shopbell_edge.core.roster import Roster
from shopbell_edge.core.rules import Rules
from shopbell_edge.core.units import ScannerName
from tests.bench.air import RETAILER, addresses, foreign, own
from tests.bench.report import Report, at_most, figure
from tests.rigs.fake_bluez.advert import read
from tests.rigs.fake_bluez.bus import missing, system_bus_at
from tests.rigs.fake_bluez.client import FakeBluez, fake_bluez
from tests.rigs.fake_bluez.client import Report as Heard

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Callable, Iterable

    from bleak.backends.device import BLEDevice

    from shopbell_edge.core.advertisement import Advertisement

TITLE: Final = "Edge: advert → decision"
MEASURES: Final = (
    "CPU time of the edge's process per advertisement, beyond a `BleakScanner` with an empty callback "
    "that hears the same signals at the same time (fake BlueZ on a real dbus-daemon); 50 phones of ours, "
    "50 strangers. Then our callback alone, called with what bleak would hand over: adapter and roster, "
    "no bus."
)
WHY: Final = (
    "a usual sighting (a phone that is here and says what it said before) goes through five functions of "
    "Python: bleak's callback, the look at the parts that can be ours and up by them, the clock, the "
    "strength and time for which that holds, the window of the stay. With warm caches that is the callback "
    "alone. In the whole process bleak's parsing runs in between and everything is found cold, which costs "
    "two to three times as much: a callback that asks for the time and no more adds 1 µs there, one that "
    "only takes bleak's tuple apart and counts half of that. All of it written as one function, without a "
    "core to read or test by itself, added 3 µs on a busy machine; to gather advertisements and take them "
    "in twenty times a second was slower. The two processes do not wake up equally often either, which "
    "the difference of two empty ones shows."
)

OWN_US: Final = 3.0
FOREIGN_US: Final = 1.0

SENDERS: Final = 50
PER_ROUND: Final = 4_000
ROUNDS: Final = 9
CALLS: Final = 20_000

ANSWER_S: Final = 30.0
QUIET_NS: Final = 2_000_000
"""A process that used less CPU than this in a twentieth of a second has nothing left to do."""


async def measure(*, long: bool) -> Report:
    del long
    if why := missing():
        pytest.skip(why)
    async with fake_bluez() as fake:
        with system_bus_at(fake.address):
            ours = {kind: await side_by_side(fake, "radio", ads) for kind, ads in KINDS.items()}
            noise = await side_by_side(fake, "empty", KINDS["own"])
    baseline = [empty_us for pairs in (*ours.values(), noise) for empty_us, _ in pairs]
    through = {kind: [radio - empty for empty, radio in pairs] for kind, pairs in ours.items()}
    alone = {kind: callback_alone(ads) for kind, ads in KINDS.items()}
    return Report(
        title=TITLE,
        measures=MEASURES,
        figures=(
            figure("bleak with an empty callback", "µs", baseline),
            figure("added by the whole process, ours", "µs", through["own"]),
            figure("added by the whole process, foreign", "µs", through["foreign"]),
            figure("noise: a second empty one", "µs", [two - one for one, two in noise]),
            figure("callback alone, ours", "µs", alone["own"]),
            figure("callback alone, foreign", "µs", alone["foreign"]),
        ),
        verdicts=(
            at_most("added, ours", median(through["own"]), OWN_US, "µs"),
            at_most("added, foreign", median(through["foreign"]), FOREIGN_US, "µs"),
            at_most("callback alone, ours", median(alone["own"]), OWN_US, "µs"),
            at_most("callback alone, foreign", median(alone["foreign"]), FOREIGN_US, "µs"),
        ),
        why=WHY,
    )


KINDS: Final = {
    "own": [own(number) for number in range(SENDERS)],
    "foreign": [foreign(number) for number in range(SENDERS)],
}


async def side_by_side(fake: FakeBluez, kind: str, ads: list[bytes]) -> list[tuple[float, float]]:
    """Return rounds of what an empty scanner and one of `kind` spent on an advertisement, in µs."""
    async with scanning("empty") as empty, scanning(kind) as other:
        await heard(fake, (empty, other), ads)  # each device is new once
        rounds = [await heard(fake, (empty, other), ads) for _ in range(ROUNDS)]
        return [(one, two) for one, two in rounds]


class Scanner:
    """One of the two processes."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def cpu_ns(self) -> int:
        """Return its CPU time once it has nothing left to do."""
        before = await self._asked()
        while True:
            await asyncio.sleep(0.05)
            now = await self._asked()
            if now - before < QUIET_NS:
                return now
            before = now

    async def _asked(self) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(b"cpu\n")
        return int(await said(self._process))


@asynccontextmanager
async def scanning(kind: str) -> AsyncIterator[Scanner]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.ears", kind),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert await said(process) == "ready"
        yield Scanner(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(ANSWER_S):
            await process.wait()


async def said(process: Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(ANSWER_S):
        return (await process.stdout.readline()).decode().strip()


async def heard(fake: FakeBluez, scanners: Iterable[Scanner], ads: list[bytes]) -> list[float]:
    """Send PER_ROUND advertisements; return what each scanner spent on one, in microseconds."""
    first = 0 if ads is KINDS["own"] else SENDERS
    senders = list(zip(ads, addresses(SENDERS, first), strict=True))
    await fake.scanning()
    before = [await each.cpu_ns() for each in scanners]
    await fake.inject_many(
        Heard(ad=ad, address=address, rssi_dbm=-65)
        for _ in range(PER_ROUND // SENDERS)
        for ad, address in senders
    )
    after = [await each.cpu_ns() for each in scanners]
    return [(now - then) / 1000 / PER_ROUND for then, now in zip(before, after, strict=True)]


def callback_alone(ads: list[bytes]) -> list[float]:
    """Return what our callback costs beyond an empty one, in microseconds per call."""
    clock = system_clock("system", err_ms=1)
    roster = Roster(scanner=ScannerName("hci0"), retailer=RETAILER, rules=Rules())

    def hear(advertisement: Advertisement) -> None:
        roster.hear(advertisement, clock.boottime())

    def empty(_device: BLEDevice, _data: AdvertisementData) -> None:
        pass

    ear = Ear(roster.look, clock.boottime, hear, lambda: None)
    data = [as_bleak_says(ad) for ad in ads] * (CALLS // len(ads))
    differences = []
    for _ in range(ROUNDS):
        baseline_us = per_call_us(empty, data)
        differences.append(per_call_us(ear.detected, data) - baseline_us)
    return differences


def per_call_us(
    callback: Callable[[BLEDevice, AdvertisementData], object], data: list[AdvertisementData]
) -> float:
    device: BLEDevice = None  # type: ignore[assignment]  # nobody looks at it
    began = time.process_time_ns()
    for each in data:
        callback(device, each)
    return (time.process_time_ns() - began) / 1000 / len(data)


def as_bleak_says(ad: bytes) -> AdvertisementData:
    saying = read(ad)
    return AdvertisementData(
        local_name=None,
        manufacturer_data=saying.manufacturer,
        service_data=saying.service,
        service_uuids=saying.uuids,
        tx_power=None,
        rssi=-65,
        platform_data=(),
    )
