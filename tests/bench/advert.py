"""From an advertisement to a decision, beyond what bleak costs.

Processes scan one fake BlueZ at the same time: bleak with an empty callback, twice, and the product's radio
with its roster. All get every signal, so whatever else the machine does, it does to all.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
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
from tests.bench.report import Report, at_most, figure, number, surely
from tests.rigs.fake_bluez.advert import read
from tests.rigs.fake_bluez.bus import missing, system_bus_at
from tests.rigs.fake_bluez.client import FakeBluez, fake_bluez
from tests.rigs.fake_bluez.client import Report as Heard

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Callable, Sequence

    from bleak.backends.device import BLEDevice

    from shopbell_edge.core.advertisement import Advertisement

TITLE: Final = "Edge: advert → decision"
MEASURES: Final = (
    "CPU time of the edge's process per advertisement, beyond a `BleakScanner` with an empty callback, each "
    "beyond what it takes to do nothing for as long. Three processes hear the same signals at the same time "
    "(fake BlueZ on a real dbus-daemon): two such scanners, and the product's radio with its roster, which "
    "begins to scan as the first, second and third of them by turns. Rounds of 2 000 advertisements, 50 "
    "phones of ours and 50 strangers by turns. A run is a round: the radio's less the mean of the two empty "
    "ones; the noise is one empty one less the other. Then our callback alone, called with what bleak would "
    "hand over: adapter and roster, no bus."
)
WHY: Final = (
    "a usual sighting (a phone that is here and says what it said before) goes through five functions of "
    "Python: bleak's callback, the look at the parts that can be ours and up by them, the clock, the "
    "strength and time for which that holds, the window of the stay. With warm caches that is the callback "
    "alone. In the whole process bleak's parsing runs in between and everything is found cold, which costs "
    "two to three times as much: a callback that asks for the time and no more adds 1 µs there, one that "
    "only takes bleak's tuple apart and counts half of that. All of it written as one function, without a "
    "core to read or test by itself, added 3 µs on a busy machine; to gather advertisements and take them "
    "in twenty times a second was slower."
)

OWN_US: Final = 3.0
FOREIGN_US: Final = 1.0

SENDERS: Final = 50
PER_ROUND: Final = 2_000
ROUNDS: Final = 9
"""Of each kind, in each of the three sittings."""

CALLS: Final = 20_000

REST_S: Final = 3.0
ANSWER_S: Final = 30.0
QUIET_NS: Final = 2_000_000
"""A process that used less CPU than this in a twentieth of a second has nothing left to do."""


async def measure(*, long: bool) -> Report:
    del long
    if why := missing():
        pytest.skip(why)
    rounds: list[Round] = []
    for place in range(3):
        async with fake_bluez() as fake:
            with system_bus_at(fake.address):
                rounds += await sitting(fake, place)
    added = {kind: [each.added_us for each in rounds if each.kind == kind] for kind in KINDS}
    noise = [each.one_us - each.two_us for each in rounds]
    alone = {kind: callback_alone(ads) for kind, ads in KINDS.items()}
    return Report(
        title=TITLE,
        measures=MEASURES,
        figures=(
            figure(
                "bleak with an empty callback", "µs", [each.empty_us for each in rounds], many=True
            ),
            figure("added by the whole process, ours", "µs", added["own"], many=True),
            figure("added by the whole process, foreign", "µs", added["foreign"], many=True),
            figure("noise: one empty one less the other", "µs", noise, many=True),
            figure(
                "the radio, with nothing to hear, in a second",
                "ms",
                {each.rest_ms for each in rounds},
            ),
            figure("callback alone, ours", "µs", alone["own"]),
            figure("callback alone, foreign", "µs", alone["foreign"]),
        ),
        verdicts=(
            at_most("added, ours", median(added["own"]), OWN_US, "µs"),
            at_most("added, foreign", median(added["foreign"]), FOREIGN_US, "µs"),
            at_most("callback alone, ours", median(alone["own"]), OWN_US, "µs"),
            at_most("callback alone, foreign", median(alone["foreign"]), FOREIGN_US, "µs"),
        ),
        notes=(
            "with 95 % the medians lie within: "
            + ", ".join(
                f"{what} {number(low)} … {number(high)} µs"
                for what, (low, high) in (
                    ("added, ours", surely(added["own"])),
                    ("added, foreign", surely(added["foreign"])),
                    ("noise", surely(noise)),
                )
            ),
        ),
        why=WHY,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What an advertisement of one round cost: two empty scanners, and the radio."""

    kind: str
    rest_ms: float
    """The radio's, in a second in which nothing is to be heard: its phones are looked after all the same."""
    one_us: float
    two_us: float
    radio_us: float

    @property
    def empty_us(self) -> float:
        return (self.one_us + self.two_us) / 2

    @property
    def added_us(self) -> float:
        return self.radio_us - self.empty_us


KINDS: Final = {
    "own": [own(number) for number in range(SENDERS)],
    "foreign": [foreign(number) for number in range(SENDERS)],
}


async def sitting(fake: FakeBluez, place: int) -> list[Round]:
    """Let all three hear by turns what there is; the radio begins to scan at `place`, counted from 0."""
    kinds = ["empty", "empty"]
    kinds.insert(place, "radio")
    rounds = []
    async with AsyncExitStack() as stack:
        scanners = [await stack.enter_async_context(scanning(kind)) for kind in kinds]
        radio = scanners.pop(place)
        order = (*scanners, radio)
        for ads in KINDS.values():
            await heard(fake, order, ads, [0.0] * 3)  # each device is new once
        rests = await resting(order)
        for _ in range(ROUNDS):
            for kind, ads in KINDS.items():
                one, two, spent = await heard(fake, order, ads, rests)
                rounds.append(
                    Round(kind=kind, rest_ms=rests[2] / 1e6, one_us=one, two_us=two, radio_us=spent)
                )
    return rounds


class Scanner:
    """One of the processes."""

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


async def resting(scanners: Sequence[Scanner]) -> list[float]:
    """Return what CPU time each takes in a second in which nothing is to be heard, in nanoseconds."""
    before = await asyncio.gather(*(each.cpu_ns() for each in scanners))
    began_s = time.monotonic()
    await asyncio.sleep(REST_S)
    after = await asyncio.gather(*(each.cpu_ns() for each in scanners))
    took_s = time.monotonic() - began_s
    return [(now - then) / took_s for then, now in zip(before, after, strict=True)]


async def heard(
    fake: FakeBluez, scanners: Sequence[Scanner], ads: list[bytes], rests: Sequence[float]
) -> list[float]:
    """Send PER_ROUND advertisements; return what each spent on one beyond its rest, in microseconds."""
    first = 0 if ads is KINDS["own"] else SENDERS
    senders = list(zip(ads, addresses(SENDERS, first), strict=True))
    await fake.scanning()
    before = await asyncio.gather(*(each.cpu_ns() for each in scanners))
    began_s = time.monotonic()
    await fake.inject_many(
        Heard(ad=ad, address=address, rssi_dbm=-65)
        for _ in range(PER_ROUND // SENDERS)
        for ad, address in senders
    )
    after = await asyncio.gather(*(each.cpu_ns() for each in scanners))
    took_s = time.monotonic() - began_s
    return [
        (now - then - rest * took_s) / 1000 / PER_ROUND
        for then, now, rest in zip(before, after, rests, strict=True)
    ]


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
