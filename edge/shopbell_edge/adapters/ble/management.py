"""The kernel's management socket: every advertisement that a controller reports, without a bus between.

Owns: the question whether it may hear, the reading of many packets per wake-up, and who is told of them.
Never: begins a scan (bluetoothd's are heard), or keeps anything of a packet but the advertisements of ours.
"""

from __future__ import annotations

import asyncio
import mmap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from shopbell_edge.adapters.ble.kernel_socket import (
    attach,
    give_room,
    open_management,
    without_room,
)
from shopbell_edge.core.advertisement import Advertisement
from shopbell_edge.core.frames import MOST_REMEMBERED
from shopbell_edge.core.hearing_path import TrialRules
from shopbell_edge.core.management import (
    DEVICE_FOUND,
    EVENT_BYTES,
    FOUND_AT,
    GET_CONNECTIONS,
    PERMISSION_DENIED,
    Passed,
    answer,
    event_and_rssi,
    found_by,
    question,
)
from shopbell_edge.core.packet_filter import next_sample
from shopbell_edge.core.units import Boottime

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from shopbell_edge.adapters.ble.ear import Ear
    from shopbell_edge.core.hearing_path import WhyNot
    from shopbell_edge.core.management import Take
    from shopbell_edge.core.usual import Usual

AT_ONCE: Final = 256
"""Packets per wake-up at the most, about: a millisecond or less; then others have their turn."""

PAUSE_S: Final = 0.1
"""After a wake-up nobody listens for so long: to be woken up costs ten times what a packet does. A phone's
advertisement is known so much later at the most, of the 300 ms that it may take to the staff's board."""

WAITING: Final = 8_192
"""More packets than there is room for."""

JUDGED: Final = 16
"""Strangers that were let pass, after which it is judged whether they were too many."""

_FOUND_AT: Final = FOUND_AT[DEVICE_FOUND]

ANSWER_S: Final = 2.0
"""The kernel answers at once; one that does not within this will not."""


class NoManagementError(ConnectionError):
    """The socket cannot be used. `why` says so by name."""

    def __init__(self, why: WhyNot) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Management:
    """How to hear through the socket.

    `taking` (of a controller) and `program` (of a controller and a sample) are those of the core, for our
    retailer.
    """

    taking: Callable[[int], Take]
    program: Callable[[int, int], bytes]
    insists: bool = False
    """Whether it is used without having been compared with bleak."""
    rules: TrialRules = field(default_factory=TrialRules)
    open: Callable[[], socket.socket] = open_management
    """Return a socket that carries one packet per message."""
    without_room: Callable[[socket.socket], int] = without_room


class Kernel:
    """Hears one controller through the socket. Made by `connected`; close it.

    `ours` and `strangers` count advertisements received, `foreign` how many strangers there were in all,
    of which a sample is received; `malformed` what could not be read. `lost` resolves when the socket can
    no longer be read.
    """

    __slots__ = (
        "_answered",
        "_buffer",
        "_controller",
        "_ear",
        "_first",
        "_found",
        "_judged",
        "_judged_s",
        "_loop",
        "_management",
        "_memory",
        "_overflown_before",
        "_repeats",
        "_sample",
        "_socket",
        "_take",
        "_timer",
        "_woken_s",
        "foreign",
        "lost",
        "malformed",
        "ours",
        "strangers",
    )  # fmt: skip

    def __init__(self, opened: socket.socket, controller: int, management: Management) -> None:
        loop = asyncio.get_running_loop()
        self.ours = self.strangers = self.foreign = self.malformed = 0
        self.lost: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._socket = opened
        self._controller = controller
        self._management = management
        self._take = management.taking(controller)
        # A slice of it is bytes: of a bytearray they would be copied twice.
        self._memory = mmap.mmap(-1, EVENT_BYTES)
        self._buffer = bytearray(EVENT_BYTES)
        self._found = found_by(controller)
        self._repeats: dict[bytes, Usual] = {}
        self._sample = 1
        self._judged = self._overflown_before = 0
        self._judged_s = self._woken_s = loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._answered: asyncio.Future[int] = loop.create_future()
        self._ear: Ear | None = None
        self._first: Callable[[], None] | None = None

    @classmethod
    async def connected(cls, controller: int, management: Management) -> Self:
        """Return a reader that counts advertisements; NoManagementError if the kernel will not tell any."""
        try:
            opened = management.open()
        except PermissionError as denied:
            raise NoManagementError("management_denied") from denied
        except OSError as absent:
            raise NoManagementError("management_absent") from absent
        kernel = cls(opened, controller, management)
        try:
            await kernel._begin()
        except BaseException:
            kernel.close()
            raise
        return kernel

    @property
    def overflown(self) -> int:
        """How many packets found no room since `hear` was called, because they were read too late."""
        told = self._management.without_room(self._socket)
        return max(0, told - self._overflown_before)

    def hear(self, ear: Ear, first: Callable[[], None]) -> None:
        """From now on let `ear` have what is ours; call `first` at the first stranger's.

        Counts begin anew. What `first` raises is raised by `lost`.
        """
        self._filter(1)
        self.ours = self.strangers = self.foreign = 0
        self._overflown_before = self._management.without_room(self._socket)
        self._ear, self._first = ear, first
        self._repeats.clear()

    def review(self) -> None:
        """Let more or fewer strangers pass, by how many did; to be called now and then."""
        now_s = self._loop.time()
        sample = next_sample(self._sample, self.strangers - self._judged, now_s - self._judged_s)
        if sample != self._sample:
            self._filter(sample)
        self._judged, self._judged_s = self.strangers, now_s

    def _filter(self, sample: int) -> None:
        attached = attach(self._socket, self._management.program(self._controller, sample))
        self._read(WAITING)  # what came before the filter did counts as before
        self._sample = sample if attached else 1
        self._judged, self._judged_s = self.strangers, self._loop.time()

    def close(self) -> None:
        """Hear no more. Another time makes no difference."""
        self._rest()
        self._socket.close()

    async def _begin(self) -> None:
        """Ask whether advertisements will be told."""
        give_room(self._socket)
        self._loop.add_reader(self._socket, self._readable)
        try:
            self._socket.send(question(GET_CONNECTIONS, self._controller))
            async with asyncio.timeout(ANSWER_S):
                status = await self._answered
        except (OSError, TimeoutError) as silent:
            raise NoManagementError("management_unanswered") from silent
        if status == PERMISSION_DENIED:
            raise NoManagementError("management_denied")

    def _readable(self) -> None:
        """Take what is there. Called by the loop; if that was so just now, look every PAUSE_S instead."""
        now_s = self._loop.time()
        if now_s - self._woken_s < PAUSE_S:
            self._loop.remove_reader(self._socket)
            self._look()
        else:
            self._read(AT_ONCE)
        self._woken_s = now_s

    def _look(self) -> None:
        count = self._read(AT_ONCE)
        if self.lost.done():
            return
        if count:
            pause_s = 0.0 if count >= AT_ONCE else PAUSE_S
            self._timer = self._loop.call_later(pause_s, self._look)
        else:
            self._loop.add_reader(self._socket, self._readable)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)

    def _read(self, most: int) -> int:  # noqa: C901  one test after the other, in line: it runs for each
        """Read at most so many packets; return how many there were."""
        receive, memory, take, buffer = (
            self._socket.recv_into,
            self._memory,
            self._take,
            self._buffer,
        )
        ear, found, remembered = self._ear, self._found, self._repeats.get
        stranger, foreign, ours, repeated, count = Passed.FOREIGN, 0, 0, 0, 0
        now = Boottime(0) if ear is None else ear.boottime()
        try:
            while count < most:
                size = receive(memory)
                count += 1
                usual = remembered(memory[_FOUND_AT:size])
                if usual is not None:
                    event, rssi_dbm = event_and_rssi(memory)
                    if event == found and usual.hear(rssi_dbm, now):
                        repeated += 1
                        continue
                buffer[:size] = memory[:size]
                taken = take(buffer, size)
                if taken is stranger:
                    foreign += 1
                elif isinstance(taken, Advertisement):
                    ours += 1
                    if ear is not None:  # on trial bleak hears
                        self._hear(ear, taken, size)
                        now = ear.boottime()  # others have asked for it meanwhile
                elif size:
                    self._other(taken, size)
                else:
                    self._lose()
                    break
        except (BlockingIOError, InterruptedError):
            pass  # nothing more is there
        except OSError:
            self._lose()
        if ear is not None:
            ear.adverts += repeated
        self.ours += ours + repeated
        if foreign:
            self._strangers(foreign)
        return count

    def _hear(self, ear: Ear, advertisement: Advertisement, size: int) -> None:
        """Let `ear` have it, and remember what has heard it by itself."""
        # As bleak would say it, but that to make its tuple by name takes a microsecond.
        rssi_dbm, manufacturer_data, service_data, service_uuids = advertisement
        said = (None, manufacturer_data, service_data, service_uuids, None, rssi_dbm, ())
        usual = ear.detected(None, said)  # type: ignore[arg-type]  # of no device, and as said
        if usual is not None and event_and_rssi(self._memory)[0] == self._found:
            if len(self._repeats) == MOST_REMEMBERED:
                self._repeats.clear()
            self._repeats[self._memory[_FOUND_AT:size]] = usual

    def _strangers(self, count: int) -> None:
        self.strangers += count
        self.foreign += count * self._sample
        if self.strangers - self._judged >= JUDGED and self._ear is not None:
            self.review()
        if self._first is not None:
            first, self._first = self._first, None
            try:
                first()
            except Exception as broken:  # noqa: BLE001  handed on to whoever awaits `lost`
                self._lose(broken)

    def _other(self, taken: Passed, size: int) -> None:
        if taken is Passed.MALFORMED:
            self.malformed += 1
            return
        said = answer(self._buffer, size)
        if said is not None and said.opcode == GET_CONNECTIONS and not self._answered.done():
            self._answered.set_result(said.status)

    def _lose(self, broken: Exception | None = None) -> None:
        self._rest()
        if self.lost.done():
            return
        if broken is None:
            self.lost.set_result(None)
        else:
            self.lost.set_exception(broken)
