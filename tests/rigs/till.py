"""A till with a handheld scanner on a serial line, as the daemon runs it; the spool is the test's."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from shopbell_edge.adapters.usb_scanner.reader import UsbScanner
from shopbell_edge.adapters.usb_scanner.serial_port import SerialPort
from shopbell_edge.core.answering import HANDHELD
from shopbell_edge.core.codes import NumberRule
from shopbell_edge.core.repeats import Repeats
from shopbell_edge.core.tally import Tally
from shopbell_edge.core.units import ScannerName
from shopbell_edge.tasks.look import Looking
from shopbell_edge.tasks.pulses import Pulses
from shopbell_wire.messages import Scan, ScannerHealth
from tests.edge.tasks.running import running
from tests.fakes.clock import FakeClock
from tests.fakes.feedback import FakeFeedback
from tests.fakes.spool import MemorySpool
from tests.rigs.pty_scanner import PtyScanner
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NUMBERS = (
    NumberRule(symbology="EAN-13", prefix="29", length=13),
    NumberRule(symbology="EAN-13", prefix="0", length=13),
    NumberRule(symbology="Code 128", prefix="K", length=10),
)


class Till:
    """Everything around the scanner is in the test's hands."""

    def __init__(self, place: Path, *, gap_s: float) -> None:
        self.gun = PtyScanner(place)
        self.clock = FakeClock()
        self.feedback = FakeFeedback()
        self.tally = Tally()
        self.spool = MemorySpool(self.clock.now(), room=1_000_000)
        self.repeats = Repeats(key=bytes(16))
        reader = UsbScanner(
            ScannerName("gun"), lambda: SerialPort(str(place), 9600), gap_s=gap_s, again_s=0.02
        )
        self.looking = Looking(
            reader=reader,
            repeats=self.repeats,
            numbers=NUMBERS,
            seal=lambda number: f"sealed:{number}",
            spool=self.spool,
            clock=self.clock,
            pulses=Pulses(self.clock, []),
            tally=self.tally,
            habits=HANDHELD,
            feedback=[self.feedback],
        )

    @property
    def scans(self) -> list[str]:
        """What was kept: passes, and numbers as they were handed to the sealing."""
        scans = [event for event, _ in self.spool.events.values() if isinstance(event, Scan)]
        return [str(scan.text or scan.sealed) for scan in scans]

    @property
    def moods(self) -> list[tuple[str, str]]:
        """What the server is told of the scanner."""
        events = [event for event, _ in self.spool.events.values()]
        return [(each.state, each.reason) for each in events if isinstance(each, ScannerHealth)]

    async def counted(self, result: str, times: int = 1) -> None:
        """Wait until `result` was counted so often."""
        await until(
            f"{result} {times} times, not {dict(self.tally.codes)}",
            lambda: self.tally.codes["gun", result] >= times,
        )

    async def plug(self) -> None:
        """Plug the scanner in and wait until it is read."""
        self.gun.plug()
        await self.hears("hearing")

    async def unplug(self) -> None:
        """Plug it out and wait until that is noticed."""
        self.gun.unplug()
        await self.hears("blind")

    async def hears(self, state: str) -> None:
        """Wait for no longer than a scanner may take to be back."""
        await until(f"it is {state}", lambda: self.tally.hearing["gun"][0] == state, within_s=5)


@asynccontextmanager
async def open_till(place: Path, *, gap_s: float = 30.0) -> AsyncIterator[Till]:
    """Run a till whose scanner is plugged in."""
    till = Till(place, gap_s=gap_s)
    with till.gun:
        async with running(till.looking.run()):
            await till.plug()
            yield till
