"""Scanning until that ends, heard through the kernel's management socket or through bleak.

Owns: the choice between the two ways, and the change from one to the other.
Never: recovers. When neither hears, it says why and is over.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final

from bleak.exc import BleakError

from shopbell_edge.adapters.ble.bus import BusUnreachableError
from shopbell_edge.adapters.ble.management import Kernel, NoManagementError
from shopbell_edge.adapters.ble.scans import cut_bleaks_bus, heard_by, heard_by_nobody
from shopbell_edge.core.hearing_path import Choice, TrialRules, verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_edge.adapters.ble.bus import Bluez
    from shopbell_edge.adapters.ble.ear import Ear
    from shopbell_edge.adapters.ble.management import Management
    from shopbell_edge.adapters.ble.voice import Voice
    from shopbell_edge.core.hearing_path import WhyNot
    from shopbell_edge.core.reception import Doubt
    from shopbell_edge.core.recovery import Reason, Recovery

TICK_S: Final = 1.0
"""How often a trial is looked at."""


class Hearing:
    """The scans of one `listen`. All that is heard goes to `ear`, whichever way it came.

    Without `management` there is only bleak's way. Silence is held against it while it `silence_counts`.
    """

    def __init__(
        self,
        ear: Ear,
        voice: Voice,
        recovery: Recovery,
        management: Management | None,
        silence_counts: Callable[[], bool],
    ) -> None:
        self._ear = ear
        self._voice = voice
        self._recovery = recovery
        self._management = management
        self._rules = TrialRules() if management is None else management.rules
        insists = management is not None and management.insists
        self._choice = Choice(
            "bleak" if management is None else "management" if insists else "auto", self._rules
        )
        self._silence_counts = silence_counts
        self.tries = 0
        """Remedies in a row that were asked for by `mend`."""
        self._ended: asyncio.Future[Reason] | None = None
        self._kernel: Kernel | None = None
        self._strangers_before = 0
        self._foreign_before = 0
        self._malformed_before = 0
        self._overflown_before = 0
        self._quiet_s = 0.0
        self._received = 0

    @property
    def adverts(self) -> int:
        """How many were received, as a proof of life: of strangers through the socket, a sample."""
        now = 0 if self._kernel is None else self._kernel.strangers
        return self._ear.adverts + self._strangers_before + now

    @property
    def foreign(self) -> int:
        """How many were of no interest, about."""
        now = 0 if self._kernel is None else self._kernel.foreign
        return self._ear.foreign + self._foreign_before + now

    @property
    def malformed(self) -> int:
        """How many events of the kernel could not be read."""
        return self._malformed_before + (0 if self._kernel is None else self._kernel.malformed)

    @property
    def overflown(self) -> int:
        """How many the kernel had for us and could not keep until they were read."""
        return self._overflown_before + (0 if self._kernel is None else self._kernel.overflown)

    async def scan(self, bluez: Bluez, ended: asyncio.Future[Reason]) -> Reason:
        """Scan until `ended`, or until nothing was heard for too long; return why."""
        self._quiet_s, self._received = 0.0, self.adverts
        self._ear.begin(ended)
        self._ended = ended
        if self._choice.insists:
            return await self._insisting(bluez, ended)
        while True:
            async with AsyncExitStack() as later:
                reason = await self._by_bleak(bluez, ended, later)
                if reason is None:
                    await cut_bleaks_bus()
                    reason = await self._by_kernel(ended)
            if reason is not None:
                return reason

    def mend(self, why: Doubt, tries: int) -> None:
        """End the scan for that reason. What bluetoothd withholds the socket may tell: it is tried next."""
        if self._ended is None or self._ended.done():
            return
        self.tries = tries
        if why != "heartbeat_unheard":
            self._choice.hurry()
        self._ended.set_result(why)

    async def _insisting(self, bluez: Bluez, ended: asyncio.Future[Reason]) -> Reason:
        async with AsyncExitStack() as later:
            try:
                kernel = await self._connected(bluez)
            except NoManagementError as refused:
                return refused.why
            later.callback(kernel.close)
            if not await later.enter_async_context(heard_by_nobody(bluez)):
                return "start_failed"
            self._use(kernel, later)
            if self._voice.reason != "silent":
                self._voice.hearing()  # after a silence only an advertisement is proof
            return await self._by_kernel(ended) or "management_lost"

    async def _by_bleak(
        self, bluez: Bluez, ended: asyncio.Future[Reason], later: AsyncExitStack
    ) -> Reason | None:
        """Hear through bleak; return None once the socket is in use, whose end is then in `later`."""
        try:
            async with heard_by(self._ear, bluez.adapter):
                if self._voice.reason != "silent":
                    self._voice.hearing()  # after a silence only an advertisement is proof
                return await self._trying(bluez, ended, later)
        except BusUnreachableError:
            raise
        except (BleakError, OSError, EOFError):
            return ended.result() if ended.done() else "start_failed"

    async def _trying(
        self, bluez: Bluez, ended: asyncio.Future[Reason], later: AsyncExitStack
    ) -> Reason | None:
        """Try the socket whenever it is time to, while bleak hears."""
        now_s, tick_s = asyncio.get_running_loop().time, min(TICK_S, self._rules.window_s)
        async with AsyncExitStack() as trial:
            kernel, began_s, before = None, 0.0, 0
            while self._quiet_s < self._recovery.silent_s:
                if kernel is None and self._choice.wants_trial(now_s()):
                    kernel = await self._tried(bluez, trial)
                    began_s, before = now_s(), self._ear.adverts
                await self._wait(ended, self._recovery.check_s if kernel is None else tick_s)
                if ended.done():
                    return ended.result()
                if kernel is None:
                    continue
                shown = verdict(
                    self._rules,
                    now_s() - began_s,
                    self._ear.adverts - before,
                    kernel.ours + kernel.strangers,
                )
                if shown == "management":
                    later.push_async_exit(trial.pop_all())
                    # Begun before bleak's ends: the controller goes on.
                    if not await later.enter_async_context(heard_by_nobody(bluez)):
                        return "start_failed"
                    self._use(kernel, later)
                    return None
                if shown is not None or kernel.lost.done():
                    await trial.aclose()
                    kernel = None
                    self._refuse(shown or "management_lost")
            return "silent"

    async def _by_kernel(self, ended: asyncio.Future[Reason]) -> Reason | None:
        """Hear through the socket; return None if bleak should be asked what it hears."""
        kernel = self._kernel
        assert kernel is not None  # noqa: S101  `_use` was called
        while self._quiet_s < self._recovery.silent_s:
            await self._wait(ended, self._rules.doubt_s, kernel.lost)
            kernel.review()
            if ended.done():
                return ended.result()
            if kernel.lost.done():
                kernel.lost.result()  # raises what a listener raised
                if not self._choice.insists:
                    self._refuse("management_lost")
                return None
            if self._quiet_s >= self._rules.doubt_s and not self._choice.insists:
                return None
        return "silent"

    def _use(self, kernel: Kernel, until: AsyncExitStack) -> None:
        """Hear through `kernel` from now on, `until` that ends."""
        self._choice.take()
        self._kernel = kernel
        until.callback(self._used, kernel)
        self._voice.by("management")
        kernel.hear(self._ear, self._voice.hearing)

    def _used(self, kernel: Kernel) -> None:
        self._strangers_before += kernel.strangers
        self._foreign_before += kernel.foreign
        self._malformed_before += kernel.malformed
        self._overflown_before += kernel.overflown
        self._kernel = None

    async def _tried(self, bluez: Bluez, until: AsyncExitStack) -> Kernel | None:
        """Begin a trial; note why if it cannot be."""
        try:
            kernel = await self._connected(bluez)
        except NoManagementError as refused:
            self._refuse(refused.why)
            return None
        until.callback(kernel.close)
        return kernel

    async def _connected(self, bluez: Bluez) -> Kernel:
        assert self._management is not None  # noqa: S101  who chooses or insists has a choice
        controller = int(bluez.adapter.removeprefix("hci"))
        return await Kernel.connected(controller, self._management)

    def _refuse(self, why: WhyNot) -> None:
        self._choice.refuse(why, asyncio.get_running_loop().time())
        self._voice.by("bleak", why)

    async def _wait(
        self, ended: asyncio.Future[Reason], at_most_s: float, *others: asyncio.Future[None]
    ) -> None:
        """Wait until one of these is done, or `at_most_s`; note how long it has been quiet."""
        wait_s = min(at_most_s, self._recovery.check_s)
        either: set[asyncio.Future[Any]] = {ended, *others}
        await asyncio.wait(either, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        received = self.adverts
        silent = received == self._received and self._silence_counts()
        self._quiet_s = self._quiet_s + wait_s if silent else 0.0
        self._received = received
