"""A process that scans: `python -m tests.bench.ears empty|radio|management FD|unfiltered FD`.

It is asked for its CPU time.

`empty` is what bleak itself costs: its scanner with a callback that does nothing. `radio` is the
product's: adapter, roster, and the telling once a second. Prints `ready` when it hears; every line on
standard input is answered with the CPU time of this process so far in nanoseconds, until input ends.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from bleak import BleakScanner

from shopbell_edge.adapters.ble.management import Management
from shopbell_edge.adapters.ble.radio import BluetoothRadio
from shopbell_edge.adapters.ble.scans import EVERY_ADVERT
from shopbell_edge.adapters.clock import system_clock
from shopbell_edge.core.management import taking
from shopbell_edge.core.packet_filter import INSTRUCTION, RET, WHOLE, program
from shopbell_edge.core.recovery import Recovery
from shopbell_edge.core.roster import Roster
from shopbell_edge.core.rules import Rules
from shopbell_edge.core.tally import Tally
from shopbell_edge.core.telling import ONLINE
from shopbell_edge.core.units import ScannerName
from shopbell_edge.tasks.listen import Listening
from tests.bench.air import RETAILER
from tests.fakes.spool import MemorySpool

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData


async def empty() -> None:
    """Listen with nothing but bleak."""

    def nothing(_device: BLEDevice, _data: AdvertisementData) -> None:
        pass

    async with BleakScanner(nothing, bluez={"adapter": "hci0", "filters": EVERY_ADVERT}):
        await answering()


async def radio() -> None:
    """Listen as the daemon does, through bleak."""
    await listen(None)


async def management(descriptor: str) -> None:
    """Listen as the daemon does, through the management socket that was inherited."""
    await listen(
        through(
            int(descriptor), lambda controller, sample: program(controller, RETAILER, sample=sample)
        )
    )


async def unfiltered(descriptor: str) -> None:
    """Do the same with a kernel that keeps nothing back."""
    let_all = INSTRUCTION.pack(RET, 0, 0, WHOLE)
    await listen(through(int(descriptor), lambda _controller, _sample: let_all))


def through(descriptor: int, filter_: Callable[[int, int], bytes]) -> Management:
    return Management(
        taking=lambda controller: taking(controller, RETAILER),
        program=filter_,
        insists=True,
        open=lambda: socket.socket(fileno=descriptor),
    )


async def listen(way: Management | None) -> None:
    clock = system_clock("system", err_ms=1)
    roster = Roster(scanner=ScannerName("hci0"), retailer=RETAILER, rules=Rules())
    radio = BluetoothRadio(
        "hci0",
        look=roster.look,
        boottime=clock.boottime,
        recovery=Recovery(),
        uniform=lambda low, _high: low,
        management=way,
    )
    listening = Listening(radio, roster, MemorySpool(clock.now()), clock, Tally())
    task = asyncio.create_task(listening.run(lambda: True, ONLINE, lambda: None))
    try:
        await answering()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def answering() -> None:
    """Answer until there is no more to answer."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()

    def answer() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            over.set()
            return
        say(str(time.process_time_ns()))

    loop.add_reader(0, answer)
    say("ready")
    await over.wait()


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    kinds: dict[str, Callable[..., Coroutine[None, None, None]]] = {
        "empty": empty,
        "radio": radio,
        "management": management,
        "unfiltered": unfiltered,
    }
    asyncio.run(kinds[sys.argv[1]](*sys.argv[2:]))
