"""The radio: BlueZ through bleak, with active scans that report every advertisement.

Owns: the life of a scan, and what is done when it stops hearing.
Never: lets a device address out, logs, or trusts that a scanner without an error is alive.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

from bleak import BleakScanner
from bleak.exc import BleakError

from shopbell_edge.adapters.ble.bus import BusUnreachableError, Own, watching
from shopbell_edge.adapters.ble.ear import Ear
from shopbell_edge.core.frames import Foreign
from shopbell_edge.core.recovery import WAIT_FIRST, next_step
from shopbell_edge.core.units import ScannerName
from shopbell_edge.ports import Health, RadioLostError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from bleak.args.bluez import BlueZDiscoveryFilters

    from shopbell_edge.adapters.ble.bus import Bluez
    from shopbell_edge.core.advertisement import Advertisement
    from shopbell_edge.core.interest import Look
    from shopbell_edge.core.recovery import Reason, Recovery, Step
    from shopbell_edge.core.units import Boottime
    from shopbell_edge.core.usual import Usual

EVERY_ADVERT: Final[BlueZDiscoveryFilters] = {"DuplicateData": True, "RSSI": -127}
"""Without these BlueZ reports a constant advertisement once, and then only when its RSSI moves by 8 dB.

`DuplicateData` lifts that up to 5.87 (5.82 measured), an RSSI filter from 5.88 on; -127 is the lowest that
BlueZ accepts, so it filters nothing. `DuplicateData` also admits advertisements without Flags.
"""

START_S: Final = 15.0
"""Longest start of a scan. A controller that hangs lets the kernel time out after 2 s, several times."""

STOP_S: Final = 5.0
"""Longest stop. bluetoothd may be hanging or gone; the scanner is thrown away in any case."""


class BleakRadio:
    """Hears advertisements through one adapter of BlueZ (Radio)."""

    def __init__(
        self,
        adapter: str,
        *,
        look: Look[Usual],
        boottime: Callable[[], Boottime],
        recovery: Recovery,
        uniform: Callable[[float, float], float],
    ) -> None:
        """Listen on `adapter` (`hci0`), and follow it if it comes back under another name.

        Of what is received, only that is heard in which `look` finds something, and which what it finds
        does not hear by itself, told the `boottime`.

        `uniform(low, high)` draws the waits between attempts. The bus is the system's, or the one that
        `DBUS_SYSTEM_BUS_ADDRESS` names.
        """
        self._own = Own(adapter)
        self._look = look
        self._boottime = boottime
        self._recovery = recovery
        self._uniform = uniform
        self._ear: Ear | None = None

    @property
    def scanner(self) -> ScannerName:
        """The name that the adapter was given by."""
        return ScannerName(self._own.name)

    @property
    def dropped(self) -> Mapping[str, int]:
        """How many advertisements of no interest this `listen` has received."""
        return {Foreign.NOT_OURS: self._ear.foreign if self._ear else 0}

    async def listen(
        self, heard: Callable[[Advertisement], None], health: Callable[[Health], None]
    ) -> None:
        """Call `heard` for every advertisement of interest until cancelled.

        Recovers by itself and says so in `health`. Raises RadioLostError after `recovery.attempts`
        failures with no advertisement in between, and whatever `heard` or `health` raises.
        """
        logging.getLogger("bleak").setLevel(logging.WARNING)  # below, it writes every address down
        voice = _Voice(health)
        ear = self._ear = Ear(self._look, self._boottime, heard, voice.hearing)
        recovery = self._recovery
        failures, waits_s = 0, recovery.backoff.delays(self._uniform)
        step: Step = "new_scanner"
        while True:
            before = ear.adverts
            reason = await self._attempt(step, ear, voice)
            voice.blind(reason, recovery.silent_s if reason == "silent" else 0.0)
            if ear.adverts != before:
                failures, waits_s = 0, recovery.backoff.delays(self._uniform)
            failures += 1
            step = next_step(reason, failures, recovery.attempts)
            if step == "give_up":
                raise RadioLostError(
                    f"{self.scanner}: {reason}, {failures} times in a row; see `bluetoothctl show` and "
                    "the log of bluetooth.service"
                )
            if reason in WAIT_FIRST:
                await asyncio.sleep(next(waits_s))

    async def _attempt(self, step: Step, ear: Ear, voice: _Voice) -> Reason:
        """Apply the remedy, scan for as long as that works, and return why it ended."""
        try:
            async with watching(self._own) as bluez:
                await _remedy(bluez, step)
                try:
                    async with asyncio.timeout(self._recovery.ready_s):
                        ended = await bluez.ready(voice.blind)
                except TimeoutError:
                    return voice.reason
                return await self._scan(bluez.adapter, ended, ear, voice)
        except BusUnreachableError:
            return "no_bus"

    async def _scan(
        self, adapter: str, ended: asyncio.Future[Reason], ear: Ear, voice: _Voice
    ) -> Reason:
        """Scan until `ended`, or until nothing was heard for too long."""
        ear.begin(ended)
        try:
            async with _scanning(adapter, ear):
                if voice.reason != "silent":
                    voice.hearing()  # after a silence only an advertisement is proof
                return await self._until_silent(ended, ear)
        except (BleakError, OSError, EOFError):
            return ended.result() if ended.done() else "start_failed"

    async def _until_silent(self, ended: asyncio.Future[Reason], ear: Ear) -> Reason:
        quiet_s, before = 0.0, ear.adverts
        while quiet_s < self._recovery.silent_s:
            done, _ = await asyncio.wait({ended}, timeout=self._recovery.check_s)
            if done:
                return ended.result()
            quiet_s = quiet_s + self._recovery.check_s if ear.adverts == before else 0.0
            before = ear.adverts
        return "silent"


class _Voice:
    """Says how the radio does, each time that this changes."""

    __slots__ = ("_health", "_said", "reason")

    def __init__(self, health: Callable[[Health], None]) -> None:
        self.reason: Reason = "no_bus"
        """Why nothing is heard, or was before it was heard again."""
        self._health = health
        self._said: Health | None = None

    def blind(self, reason: Reason, for_s: float = 0.0) -> None:
        self.reason = reason
        self._say(Health(state="blind", reason=reason, for_ms=round(for_s * 1_000)))

    def hearing(self) -> None:
        self._say(Health(state="hearing", reason="scanning"))

    def _say(self, health: Health) -> None:
        if health != self._said:
            self._said = health
            self._health(health)


async def _remedy(bluez: Bluez, step: Step) -> None:
    """Do what `step` says before the next scan. A remedy that is refused leaves the next one to try."""
    if step == "power_cycle":
        await bluez.power_cycle()
    elif step == "restart_bluetoothd":
        await bluez.restart_bluetoothd()


@contextlib.asynccontextmanager
async def _scanning(adapter: str, ear: Ear) -> AsyncIterator[None]:
    """Scan with a new scanner, and throw it away.

    Raises what bleak raises if it does not start (BleakError, OSError, EOFError; TimeoutError is one).
    """
    scanner = BleakScanner(ear.detected, bluez={"adapter": adapter, "filters": EVERY_ADVERT})
    async with asyncio.timeout(START_S):
        await scanner.start()
    try:
        yield
    finally:
        # A scanner whose bluetoothd or adapter went cannot be stopped, and says so: nothing is left of it.
        with contextlib.suppress(BleakError, OSError, EOFError):
            async with asyncio.timeout(STOP_S):
                await scanner.stop()
