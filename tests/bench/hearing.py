"""What it costs to hear a shopping street: both of our ways, and the peers, on the same stream.

All of them scan at once: those on the bus hear the signals of one fake BlueZ on a real dbus-daemon, those
with a management socket get each advertisement as the kernel's event at the same moment. Each is a process
of its own and asked for its CPU time.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

import pytest

from shopbell_edge.adapters.ble.ear import Ear as Listener
from shopbell_edge.adapters.ble.kernel_socket import attach
from shopbell_edge.adapters.ble.management import Kernel, Management
from shopbell_edge.adapters.clock import system_clock
from shopbell_edge.core.management import taking
from shopbell_edge.core.packet_filter import INSTRUCTION, RET, WHOLE, program
from shopbell_edge.core.roster import Roster
from shopbell_edge.core.rules import Rules
from shopbell_edge.core.units import Boottime, ScannerName
from tests.bench.advert import Scanner, said
from tests.bench.air import RETAILER, addresses, foreign, own
from tests.bench.report import Report, Verdict, at_least, at_most, figure
from tests.edge.core.management_events import complete, found
from tests.rigs.brokers import MosquittoBroker
from tests.rigs.fake_bluez.bus import missing, system_bus_at
from tests.rigs.fake_bluez.client import FakeBluez, fake_bluez
from tests.rigs.fake_bluez.client import Report as Heard
from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from shopbell_edge.core.advertisement import Advertisement

TITLE: Final = "Edge: hearing, two ways and the peers"
MEASURES: Final = (
    "CPU time of the whole process per advertisement, beyond what it takes to do nothing for as long. All "
    "processes at once on the same stream, 1 000 a second in groups of ten, of 90 strangers and 10 phones "
    "of ours: a `BleakScanner` with an empty callback; our radio with its roster, through bleak and "
    "through the management socket (a socket of this machine, on which its kernel runs our filter; then "
    "with a filter that keeps nothing back); `habluetooth` with a manager that hands on to nobody, through "
    "bleak and with a management socket; `TheengsGateway` with publishing of what it cannot decode, "
    "discovery and synchronisation switched off, connected to a Mosquitto. Last, on a socket full of "
    "events and with warm caches, the reader alone, from the event to the advertisement, and the reader "
    "with the roster, where phones repeat what they said."
)
WHY: Final = (
    "an idle process that is woken up by a timer takes 50 to 200 µs here, for it finds its caches cold: ten "
    "times a second where there are phones of ours. And a system call takes a microsecond here, nearly two "
    "where another core has just written what it copies: half of what one of ours costs. To receive many "
    "at a call (`recvmmsg`) saved 0.2 µs of 6.0."
)

OWN_US: Final = 3.0
FOREIGN_US: Final = 1.0
TIMES_LESS: Final = 10.0

PYTHON: Final = ROOT / ".cache" / "bench" / "bin" / "python"
"""That has the peers; `.ci/bench-venv` makes it."""

PEERS: Final = ("habluetooth", "theengsgateway")

STRANGERS: Final = 90
OURS: Final = 10
PER_ROUND: Final = 2_000
GROUP: Final = 10
"""Every ten milliseconds: what comes by way of a bus or a controller comes in groups."""

PAUSE_S: Final = 0.01
ROUNDS: Final = 5
READY_S: Final = 60.0
ENDS_S: Final = 10.0
SENT: Final = 50
FULL: Final = 100
DROP_ALL: Final = INSTRUCTION.pack(RET, 0, 0, 0)


SOCKET: Final = "Shopbell, management socket"
BARE: Final = "Shopbell, management socket without a filter"


@dataclass(frozen=True, slots=True)
class Ear:
    """A process that hears, and its end of the management socket if it has one."""

    scanner: Scanner
    kernel: socket.socket | None


async def measure(*, long: bool) -> Report:
    del long
    if why := missing():
        pytest.skip(why)
    phones = [own(number) for number in range(OURS)]
    strangers = [foreign(number) for number in range(STRANGERS)]
    mixed = [ad for at in range(OURS) for ad in (*strangers[at::OURS], phones[at])]
    notes: list[str] = []
    async with AsyncExitStack() as stack:
        fake = await stack.enter_async_context(fake_bluez())
        stack.enter_context(system_bus_at(fake.address))
        ears = await all_ears(stack, notes)
        await fake.scanning()
        await heard(fake, ears, mixed)  # each device is new once
        for _ in range(2):  # until the samples have settled
            await heard(fake, ears, mixed)
        rest = [await heard(None, ears, ()) for _ in range(3)]
        idle = {name: median(each[name] for each in rest) for name in ears}
        street = [less(await heard(fake, ears, mixed), idle) for _ in range(ROUNDS)]
        kernel_only = {name: ear for name, ear in ears.items() if ear.kernel is not None}
        foreign_us = [less(await heard(None, kernel_only, strangers), idle) for _ in range(ROUNDS)]
        own_us = [less(await heard(None, kernel_only, phones), idle) for _ in range(ROUNDS)]
    runs = {name: [each[name] for each in street] for name in ears}
    socket_us = median(runs[SOCKET])
    return Report(
        title=TITLE,
        measures=MEASURES,
        figures=(
            *(figure(name, "µs", values) for name, values in runs.items()),
            figure(f"{SOCKET}, strangers alone", "µs", [each[SOCKET] for each in foreign_us]),
            figure(f"{SOCKET}, ours alone", "µs", [each[SOCKET] for each in own_us]),
            figure(f"{BARE}, strangers alone", "µs", [each[BARE] for each in foreign_us]),
            figure("the filter, in whoever delivers a stranger's", "µs", filter_us(strangers)),
            figure("reader alone, a stranger's that was let pass", "µs", reader_us(strangers)),
            figure("reader alone, ours", "µs", alone_us := reader_us(phones)),
            figure("reader with roster, ours", "µs", both_us := reader_us(phones, roster_ear())),
        ),
        verdicts=(
            at_most(
                "socket, a stranger's",
                median(each[SOCKET] for each in foreign_us),
                FOREIGN_US,
                "µs",
            ),
            at_most(
                "socket, one of ours with its roster",
                median(each[SOCKET] for each in own_us),
                OWN_US,
                "µs",
            ),
            at_most("reader alone, ours", median(alone_us), OWN_US, "µs"),
            at_most("reader with roster, ours", median(both_us), OWN_US, "µs"),
            *against(runs, socket_us),
        ),
        notes=tuple(notes),
        why=WHY,
    )


def against(runs: Mapping[str, Sequence[float]], socket_us: float) -> list[Verdict]:
    return [
        at_least(f"times less than {name}", median(values) / socket_us, TIMES_LESS)
        for name, values in runs.items()
        if name.startswith(("habluetooth", "TheengsGateway"))
    ]


async def all_ears(stack: AsyncExitStack, notes: list[str]) -> dict[str, Ear]:
    """Start them all; say in `notes` what could not be."""
    ears = {
        "bleak with an empty callback": await started(stack, ours("empty")),
        "Shopbell, bleak": await started(stack, ours("radio")),
        SOCKET: await started(stack, ours("management"), kernel=True),
        BARE: await started(stack, ours("unfiltered"), kernel=True),
    }
    if not PYTHON.exists():
        notes.append(
            "the peers are not installed, so nothing is said of them: see `.ci/bench-venv`"
        )
        return ears
    notes.append(f"versions: {versions()}")
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="shopbell-bench-"))
    broker = stack.enter_context(MosquittoBroker(Path(folder, "broker"), users={"peer": "peer"}))
    for name, arguments, kernel in (
        ("habluetooth, bleak", ("habluetooth",), False),
        ("habluetooth, management socket", ("habluetooth",), True),
        ("TheengsGateway", ("theengs", str(broker.port), "peer", "peer"), False),
    ):
        command = (str(PYTHON), str(Path(__file__).with_name("peer_ears.py")), *arguments)
        try:
            ears[name] = await started(stack, command, kernel=kernel)
        except NotStartedError as error:
            notes.append(f"{name} did not start: {error}")
    return ears


def ours(kind: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "tests.bench.ears", kind)


def versions() -> str:
    code = (
        "from importlib.metadata import version as v;"
        f"print(', '.join(f'{{n}} {{v(n)}}' for n in {(*PEERS, 'bleak', 'dbus-fast')}))"
    )
    done = subprocess.run([PYTHON, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.strip()


class NotStartedError(RuntimeError):
    """A process ended, or was not ready in time."""


async def started(stack: AsyncExitStack, command: Sequence[str], *, kernel: bool = False) -> Ear:
    return await stack.enter_async_context(hearing(command, kernel=kernel))


@asynccontextmanager
async def hearing(command: Sequence[str], *, kernel: bool) -> AsyncIterator[Ear]:
    """Run `command`; with `kernel` it inherits a management socket, named by its last argument."""
    with ExitStack() as stack:
        end, inherited = (None, None) if not kernel else _pair(stack)
        process = await asyncio.create_subprocess_exec(
            *command,
            *(() if inherited is None else (str(inherited.fileno()),)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=() if inherited is None else (inherited.fileno(),),
        )
        if inherited is not None:
            inherited.close()
        asked = asyncio.Event()
        answering = None if end is None else asyncio.create_task(answer(end, asked))
        try:
            async with asyncio.timeout(READY_S):
                if await said(process) != "ready":
                    raise NotStartedError(f"it ended with {await process.wait()}")
                if answering is not None:
                    await asked.wait()
            yield Ear(Scanner(process), end)
        except TimeoutError as late:
            raise NotStartedError(f"not within {READY_S:.0f} s") from late
        finally:
            if answering is not None:
                answering.cancel()
            assert process.stdin is not None
            process.stdin.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(ENDS_S):
                    await process.wait()
            if process.returncode is None:
                process.kill()
                await process.wait()


def _pair(stack: ExitStack) -> tuple[socket.socket, socket.socket]:
    end, inherited = (
        stack.enter_context(each)
        for each in socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    )
    for each in (end, inherited):
        each.setblocking(False)  # noqa: FBT003  its signature
    return end, inherited


async def answer(end: socket.socket, asked: asyncio.Event) -> None:
    """Answer every question as a kernel that permits everything; note the first."""
    loop = asyncio.get_running_loop()
    while question := await loop.sock_recv(end, 4096):
        opcode, controller, _ = struct.unpack_from("<HHH", question)
        await loop.sock_sendall(end, complete(opcode, controller, more=b"\0\0"))
        asked.set()


async def heard(
    fake: FakeBluez | None, ears: Mapping[str, Ear], ads: Sequence[bytes]
) -> dict[str, float]:
    """Send PER_ROUND advertisements to all; return what each spent on one, in microseconds."""
    before = {name: await ear.scanner.cpu_ns() for name, ear in ears.items()}
    senders = list(zip(ads, addresses(len(ads)), strict=True))  # none: they rest for as long
    ends = [ear.kernel for ear in ears.values() if ear.kernel is not None]
    loop = asyncio.get_running_loop()
    for first in range(0, PER_ROUND, GROUP):
        group = [
            senders[number % len(senders)] for number in range(first, first + GROUP) if senders
        ]
        at_s = loop.time()
        for end in ends:
            for ad, address in group:
                event = found(ad, -65, address=bytes.fromhex(address.replace(":", ""))[::-1])
                await loop.sock_sendall(end, event)
        if fake is not None and group:
            await fake.inject_many(
                Heard(ad=ad, address=address, rssi_dbm=-65) for ad, address in group
            )
        await asyncio.sleep(max(0.0, PAUSE_S - (loop.time() - at_s)))
    after = {name: await ear.scanner.cpu_ns() for name, ear in ears.items()}
    return {name: (after[name] - before[name]) / 1000 / PER_ROUND for name in ears}


def less(spent: Mapping[str, float], idle: Mapping[str, float]) -> dict[str, float]:
    return {name: value - idle[name] for name, value in spent.items()}


class Nothing:
    """An ear that does nothing."""

    adverts = 0

    def boottime(self) -> Boottime:
        return Boottime(0)

    def detected(self, _device: None, _data: tuple[object, ...]) -> None:
        pass


def roster_ear() -> Listener:
    """Return the product's own."""
    clock = system_clock("system", err_ms=1)
    roster = Roster(scanner=ScannerName("hci0"), retailer=RETAILER, rules=Rules())

    def hear(advertisement: Advertisement) -> None:
        roster.hear(advertisement, clock.boottime())

    return Listener(roster.look, clock.boottime, hear, lambda: None)


def reader_us(ads: Sequence[bytes], ear: Listener | None = None) -> list[float]:
    """Return what it takes to read an event and to let `ear` have it, in microseconds."""
    events = [found(ad, -65) for ad in ads]
    with ExitStack() as stack:
        end, other = _pair(stack)
        pass_all = INSTRUCTION.pack(RET, 0, 0, WHOLE)
        kernel = Kernel(
            other,
            0,
            Management(
                taking=lambda controller: taking(controller, RETAILER),
                program=lambda _controller, _sample: pass_all,
            ),
        )
        kernel.hear(ear or Nothing(), lambda: None)  # type: ignore[arg-type]  # an ear for this
        runs = []
        for _ in range(10 * ROUNDS):
            for at in range(FULL):
                end.send(events[at % len(events)])
            began = time.process_time_ns()
            kernel._read(FULL + 1)  # noqa: SLF001  the loop would call it, for more than it costs
            runs.append((time.process_time_ns() - began) / 1000 / FULL)
        return runs


def filter_us(ads: Sequence[bytes]) -> list[float]:
    """Return what the filter adds to the sending of an event, in microseconds."""
    events = [found(ad, -65) for ad in ads]
    return [
        send_us(events, program(0, RETAILER, sample=1_024)) - send_us(events, DROP_ALL)
        for _ in range(ROUNDS)
    ]


def send_us(events: Sequence[bytes], filter_: bytes) -> float:
    with ExitStack() as stack:
        end, other = _pair(stack)
        assert attach(other, filter_)
        began = time.process_time_ns()
        for _ in range(SENT):
            for event in events:
                end.send(event)
            with suppress(BlockingIOError):
                while True:
                    other.recv(4096)  # the sampled ones
        return (time.process_time_ns() - began) / 1000 / SENT / len(events)
