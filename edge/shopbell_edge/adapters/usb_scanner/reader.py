"""A handheld scanner that may be plugged in and out at any time, its codes on the event loop.

Owns: attaching, again and again; how long silence within a line may be; why there is nothing to read.
Never: what a kind of device is (`serial_port`, `input_device`), or what a code says (`core.codes`).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from typing import TYPE_CHECKING, Final, Protocol

from shopbell_edge.core.codes import UnknownCode
from shopbell_edge.core.scanned_line import GAP_S, ScannedLine
from shopbell_edge.core.symbology import identified
from shopbell_edge.ports import Code, Health

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from shopbell_edge.core.symbology import Identifiers
    from shopbell_edge.core.units import ScannerName

AGAIN_S: Final = 0.5
"""A scanner that is plugged in is attached within this and the second that udev takes for its name. To look
for a path twice a second costs nothing, and until a keyboard is grabbed it writes on the console."""

_REASONS: Final = {
    errno.ENOENT: "unplugged",
    errno.ENODEV: "unplugged",
    errno.ENXIO: "unplugged",
    errno.EIO: "unplugged",
    errno.EACCES: "permission_denied",
    errno.EPERM: "permission_denied",
    errno.EBUSY: "in_use",
    errno.ENOTTY: "wrong_device",
    errno.EINVAL: "wrong_device",
    errno.EISDIR: "wrong_device",
    errno.ENOTDIR: "wrong_device",
}
_OTHERWISE: Final = "device_error"


class Attached(Protocol):
    """A device that is there. Every method but `close` raises OSError once it is not any more."""

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when there is something to `read`."""
        ...

    def read(self) -> str:
        """Return the characters that came since the last call, without waiting; maybe none."""
        ...

    def ring(self, *, on: bool) -> None:
        """Begin or end a tone of the device's own; one without a bell raises OSError."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class UsbScanner:
    """A CodeReader of the device that `attach` opens, raising OSError while it cannot."""

    def __init__(
        self,
        scanner: ScannerName,
        attach: Callable[[], Attached],
        *,
        identifiers: Identifiers = "optional",
        gap_s: float = GAP_S,
        again_s: float = AGAIN_S,
    ) -> None:
        self._scanner = scanner
        self._attach = attach
        self._identifiers = identifiers
        self._gap_s = gap_s
        self._again_s = again_s
        self._attached: Attached | None = None

    @property
    def scanner(self) -> ScannerName:
        """Its name in events."""
        return self._scanner

    def switch(self, *, on: bool) -> None:
        """Begin or end a tone of the scanner; OSError while it is unplugged or if it cannot ring."""
        if self._attached is None:
            raise OSError(errno.ENODEV, "the scanner is not plugged in")
        self._attached.ring(on=on)

    async def codes(self, health: Callable[[Health], None]) -> AsyncIterator[Code | UnknownCode]:
        """Yield every code read until closed.

        While the device is away `health` is told `blind` once for each reason: `unplugged`, `in_use` (or
        grabbed by another program), `permission_denied`, `wrong_device` (nothing of the kind it should be),
        `device_error` (anything else).
        """
        told = None
        while True:
            try:
                attached = self._attach()
            except OSError as away:
                told = _tell(health, away, told)
            else:
                self._attached = attached
                health(Health(state="hearing", reason="attached"))
                line = ScannedLine()
                try:
                    async for code in self._lines(attached, line):
                        yield code
                except OSError as gone:
                    told = _tell(health, gone, None)
                    half = line.silence()
                    if half is not None:
                        yield half
                finally:
                    self._attached = None
                    with contextlib.suppress(OSError):  # it is gone either way
                        attached.close()
            await asyncio.sleep(self._again_s)

    async def _lines(
        self, attached: Attached, line: ScannedLine
    ) -> AsyncIterator[Code | UnknownCode]:
        """Yield what comes, until OSError.

        Silence is what passes while we wait: while a code is being kept, on a slow disk, the next one
        waits whole in the kernel.
        """
        while True:
            if await _readable(attached.fileno(), self._gap_s if line.begun else None):
                for each in line.take(attached.read()):
                    yield self._code(each)
            elif (half := line.silence()) is not None:
                yield half

    def _code(self, line: str | UnknownCode) -> Code | UnknownCode:
        found = line if isinstance(line, UnknownCode) else identified(line, self._identifiers)
        if isinstance(found, UnknownCode):
            return found
        symbology, text = found
        return Code(format=symbology, text=text)


def device_error(number: int) -> OSError:
    """Return what a device raises that is there and not what it should be, or has gone."""
    return OSError(number, os.strerror(number))


def why_away(error: OSError) -> str:
    """Return the reason by which it is reported that a device cannot be had."""
    return _REASONS.get(error.errno or 0, _OTHERWISE)


def _tell(health: Callable[[Health], None], why: OSError, told: str | None) -> str:
    reason = why_away(why)
    if reason != told:
        health(Health(state="blind", reason=reason))
    return reason


async def _readable(descriptor: int, within_s: float | None) -> bool:
    """Return whether there is something to read, or the device has gone, within `within_s` (None: ever)."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(descriptor, _set, ready)
    try:
        async with asyncio.timeout(within_s):
            await ready
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(descriptor)
    return True


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
