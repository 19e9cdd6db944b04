"""The machine's clocks.

Owns: CLOCK_BOOTTIME, the boot's id, wall time, and what the kernel says of its discipline.
Never: judgement; the core decides what the clock is worth.
"""

from __future__ import annotations

import ctypes
import os
import time
from pathlib import Path
from time import CLOCK_BOOTTIME, clock_gettime_ns
from typing import TYPE_CHECKING, Final, Literal

import structlog

from shopbell_edge.core.clock_state import Reading, begin, learn, tell
from shopbell_wire.messages import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_edge.core.units import Boottime

log = structlog.get_logger()

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")

_STA_UNSYNC: Final = 0x0040
"""linux/timex.h: nobody disciplines the clock, or has not for so long that the kernel gave up."""

_NTP_EVERY_MS: Final = 1_000
"""The kernel's bound grows by half a millisecond in a second; asking for every event tells no more."""

Discipline = tuple[bool, int]
"""Whether the clock is disciplined, and the bound of its error in milliseconds."""


class _Timex(ctypes.Structure):
    """struct timex of linux/timex.h, as far as the status; the rest is room for the kernel to fill."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_long * 32),
    )


def kernel_discipline() -> Discipline:
    """Return what the kernel says of its clock; OSError where it may not be asked."""
    timex = _Timex(modes=0)  # reads only
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.adjtimex(ctypes.byref(timex)) < 0:
        code = ctypes.get_errno()
        raise OSError(
            code,
            f"adjtimex: {os.strerror(code)}; where the kernel's clock may not be asked, set "
            '[clock] source = "system"',
        )
    return not timex.status & _STA_UNSYNC, -(-timex.maxerror // 1_000)


def stated_discipline(err_ms: int) -> Callable[[], Discipline]:
    """Return a discipline that somebody vouches for: a virtual machine's host, the demo's laptop."""
    return lambda: (True, err_ms)


class SystemClock:
    """The clock of this boot."""

    def __init__(self, discipline: Callable[[], Discipline]) -> None:
        """Fix the offset by which time is told until the clock is known to be right."""
        self._boot = _BOOT_ID.read_text().strip().replace("-", "")
        self._discipline = discipline
        self._asked_at = self.boottime()
        self._disciplined, self._err_ms = discipline()
        self._trust = begin(self._reading(self._asked_at))
        self.disputed = False
        """Whether NTP and the server contradict each other now."""

    def now(self) -> Clock:
        """Return boot, boottime, wall time and their quality."""
        at = self.boottime()
        if at - self._asked_at >= _NTP_EVERY_MS:
            self._asked_at = at
            self._disciplined, self._err_ms = self._discipline()
        self._trust, told = tell(self._trust, self._reading(at))
        self._note(disputed=told.disputed)
        return Clock(
            boot=self._boot,
            boottime_ms=at,
            wall_ms=told.wall_ms,
            state=told.state,
            err_ms=told.err_ms,
        )

    def boottime(self) -> Boottime:
        """Return milliseconds since boot."""
        # Naming the type, a call of Python's, would take a third of this: it is asked for each advertisement.
        return clock_gettime_ns(CLOCK_BOOTTIME) // 1_000_000  # type: ignore[return-value]

    def learn(self, asked: Boottime, answered: Boottime, server_ms: int) -> None:
        """Take the server's word for what time it was at some moment from `asked` to `answered`."""
        self._trust = learn(self._trust, asked, answered, server_ms)

    def _note(self, *, disputed: bool) -> None:
        if disputed and not self.disputed:
            log.error(
                "clock_disputed",
                remedy="NTP and the server differ by 2 s or more: see which is right",
            )
        elif self.disputed and not disputed:
            log.info("clock_agreed")
        self.disputed = disputed

    def _reading(self, at: Boottime) -> Reading:
        return Reading(
            boottime_ms=at,
            wall_ms=time.time_ns() // 1_000_000,
            disciplined=self._disciplined,
            err_ms=self._err_ms,
        )


def system_clock(source: Literal["ntp", "system"], *, err_ms: int) -> SystemClock:
    """Return the clock that `[clock] source` names; `err_ms` is what `system` vouches for."""
    return SystemClock(kernel_discipline if source == "ntp" else stated_discipline(err_ms))
