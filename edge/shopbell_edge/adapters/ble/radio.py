"""The radio: an adapter of BlueZ, with active scans that report every advertisement.

Owns: what is done when a scan stops hearing.
Never: lets a device address out, logs, or trusts that a scanner without an error is alive.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from shopbell_edge.adapters.ble.bus import BusUnreachableError, Own, watching
from shopbell_edge.adapters.ble.ear import Ear
from shopbell_edge.adapters.ble.hearing import Hearing
from shopbell_edge.adapters.ble.voice import Voice
from shopbell_edge.core.frames import Foreign
from shopbell_edge.core.management import OVERFLOW, Passed
from shopbell_edge.core.recovery import DOUBTS, STUCK, WAIT_FIRST, next_step
from shopbell_edge.core.restraint import Restraint
from shopbell_edge.core.units import ScannerName
from shopbell_edge.ports import RadioLostError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shopbell_edge.adapters.ble.bus import Bluez
    from shopbell_edge.adapters.ble.management import Management
    from shopbell_edge.core.advertisement import Advertisement
    from shopbell_edge.core.interest import Look
    from shopbell_edge.core.reception import Doubt
    from shopbell_edge.core.recovery import Reason, Recovery, Step
    from shopbell_edge.core.units import Boottime
    from shopbell_edge.core.usual import Usual
    from shopbell_edge.ports import Health


class BluetoothRadio:
    """Hears advertisements through one adapter of BlueZ (Radio)."""

    def __init__(  # noqa: PLR0913  (what it works with, each by name)
        self,
        adapter: str,
        *,
        look: Look[Usual],
        boottime: Callable[[], Boottime],
        recovery: Recovery,
        uniform: Callable[[float, float], float],
        management: Management | None = None,
        restraint: Restraint | None = None,
        silence_counts: Callable[[], bool] = lambda: True,
    ) -> None:
        """Listen on `adapter` (`hci0`), and follow it if it comes back under another name.

        Of what is received, only that is heard in which `look` finds something, and which what it finds
        does not hear by itself, told the `boottime`.

        Without `management` it listens through bleak alone. `restraint` is that of all radios of this
        machine. While silence does not count (the store is closed) it is no reason to recover.

        `uniform(low, high)` draws the waits between attempts. The bus is the system's, or the one that
        `DBUS_SYSTEM_BUS_ADDRESS` names.
        """
        self._own = Own(adapter)
        self._look = look
        self._boottime = boottime
        self._recovery = recovery
        self._uniform = uniform
        self._management = management
        self._restraint = restraint or Restraint()
        self._silence_counts = silence_counts
        self._hearing: Hearing | None = None

    @property
    def scanner(self) -> ScannerName:
        """The name that the adapter was given by."""
        return ScannerName(self._own.name)

    @property
    def dropped(self) -> Mapping[str, int]:
        """How many advertisements of no interest this `listen` has received.

        Through the management socket that is an estimate: the kernel keeps most of them back.
        """
        hearing = self._hearing
        dropped = {str(Foreign.NOT_OURS): hearing.foreign if hearing else 0}
        if hearing and hearing.malformed:
            dropped[Passed.MALFORMED.value] = hearing.malformed
        if hearing and hearing.overflown:
            dropped[OVERFLOW] = hearing.overflown
        return dropped

    async def listen(
        self, heard: Callable[[Advertisement], None], health: Callable[[Health], None]
    ) -> None:
        """Call `heard` for every advertisement of interest until cancelled.

        Recovers by itself and says so in `health`. Raises RadioLostError after `recovery.attempts`
        failures with no advertisement in between, if `restraint` lets it, and whatever `heard` or `health`
        raises.
        """
        logging.getLogger("bleak").setLevel(logging.WARNING)  # below, it writes every address down
        # It warns of a lost bus, which is cut on purpose (`scans`) or reported here by name.
        logging.getLogger("bleak.backends.bluezdbus.manager").setLevel(logging.ERROR)

        def said(of: Health) -> None:
            self._restraint.note(self.scanner, hears=of.state == "hearing")
            health(of)

        try:
            await self._listen(heard, said)
        finally:
            self._restraint.note(self.scanner, hears=False)

    def mend(self, why: Doubt, tries: int) -> None:
        """Begin anew with the next remedy, unless that is being done already."""
        if self._hearing is not None:
            self._hearing.mend(why, tries)

    async def _listen(
        self, heard: Callable[[Advertisement], None], health: Callable[[Health], None]
    ) -> None:
        voice = Voice(health)
        ear = Ear(self._look, self._boottime, heard, voice.hearing)
        recovery = self._recovery
        hearing = self._hearing = Hearing(
            ear, voice, recovery, self._management, self._silence_counts
        )
        failures, waits_s = 0, recovery.backoff.delays(self._uniform)
        step: Step = "new_scanner"
        while True:
            before = hearing.adverts
            reason = await self._attempt(step, hearing, voice)
            voice.blind(reason, recovery.silent_s if reason == "silent" else 0.0)
            if hearing.adverts != before:
                failures, waits_s = 0, recovery.backoff.delays(self._uniform)
            failures = hearing.tries if reason in DOUBTS else failures + 1
            step = self._restraint.permitted(
                next_step(reason, failures, recovery.attempts),
                self.scanner,
                self._boottime(),
                stuck=reason in STUCK,
            )
            if step == "give_up":
                raise RadioLostError(
                    f"{self.scanner}: {reason}, {failures} times in a row; see `bluetoothctl show` and "
                    "the log of bluetooth.service"
                )
            if reason in WAIT_FIRST:
                await asyncio.sleep(next(waits_s))

    async def _attempt(self, step: Step, hearing: Hearing, voice: Voice) -> Reason:
        """Apply the remedy, scan for as long as that works, and return why it ended."""
        try:
            async with watching(self._own) as bluez:
                await _remedy(bluez, step)
                try:
                    async with asyncio.timeout(self._recovery.ready_s):
                        ended = await bluez.ready(voice.blind)
                except TimeoutError:
                    return voice.reason
                return await hearing.scan(bluez, ended)
        except BusUnreachableError:
            return "no_bus"


async def _remedy(bluez: Bluez, step: Step) -> None:
    """Do what `step` says before the next scan. A remedy that is refused leaves the next one to try."""
    if step == "power_cycle":
        await bluez.power_cycle()
    elif step == "restart_bluetoothd":
        await bluez.restart_bluetoothd()
