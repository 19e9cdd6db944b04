"""A scanner that pretends to be a keyboard, through the kernel's input devices (evdev).

Owns: taking it away from the console before a single key is believed, and its events.
Never: reads a device that it could not take: a customer's number would be typed into a login prompt.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct
from typing import Final, Protocol

from shopbell_edge.adapters.usb_scanner.pump import Pump
from shopbell_edge.adapters.usb_scanner.reader import device_error
from shopbell_edge.core.key_events import DIGIT_KEYS, EV_KEY, EV_SYN, KEY_ENTER, KeyEvents

EVENT: Final = struct.Struct("llHHi")
"""`struct input_event` of a 64-bit kernel: seconds, microseconds, type, code, value."""

EV_SND: Final = 0x12
SND_BELL: Final = 0x01

EVIOCGRAB: Final = 0x40044590
"""_IOW('E', 0x90, int)"""

_MOST_BITS: Final = 96
"""Bytes of the longest answer: keys go to 0x2ff."""

_AT_ONCE: Final = 64
"""Events of one read: the kernel keeps at least as many for each reader."""


class InputDevices(Protocol):
    """The input devices of a kernel. All raise OSError."""

    def open(self, path: str) -> int:
        """Return a descriptor to read and write events by, which never blocks."""
        ...

    def grab(self, descriptor: int) -> None:
        """Take the device away from everybody else; EBUSY if somebody has done so already."""
        ...

    def codes(self, descriptor: int, kind: int) -> bytes:
        """Return which codes of `kind` it knows, a bit each, from the lowest bit of the first byte."""
        ...


class KernelInputDevices:
    """Those of this machine."""

    def open(self, path: str) -> int:
        """Open `path`."""
        return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def grab(self, descriptor: int) -> None:
        """EVIOCGRAB. It ends when the descriptor is closed, however this process ends."""
        fcntl.ioctl(descriptor, EVIOCGRAB, 1)

    def codes(self, descriptor: int, kind: int) -> bytes:
        """EVIOCGBIT."""
        request = 2 << 30 | _MOST_BITS << 16 | ord("E") << 8 | 0x20 + kind
        return fcntl.ioctl(descriptor, request, bytes(_MOST_BITS))


class InputDevice:
    """An Attached scanner at `path`, ours alone; OSError if it cannot be had, or has no keys for a code."""

    def __init__(self, path: str, devices: InputDevices) -> None:
        self._keys = KeyEvents()
        self._rest = b""
        """Of an event that stands across the end of what the pipe gave."""
        self._descriptor = devices.open(path)
        try:
            keys = devices.codes(self._descriptor, EV_KEY)
            if not all(_has(keys, key) for key in (KEY_ENTER, *DIGIT_KEYS)):
                raise device_error(errno.ENOTTY)
            devices.grab(self._descriptor)
            self._rings = _has(devices.codes(self._descriptor, 0), EV_SND) and _has(
                devices.codes(self._descriptor, EV_SND), SND_BELL
            )
            self._forget()
            self._pump = Pump(self._descriptor, _AT_ONCE * EVENT.size)
        except OSError:
            os.close(self._descriptor)
            raise

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when a key was pressed."""
        return self._pump.fileno()

    def read(self) -> str:
        """Return what its keys wrote."""
        return "".join(
            self._keys.take(kind, code, value)
            for _, _, kind, code, value in EVENT.iter_unpack(self._events())
        )

    def ring(self, *, on: bool) -> None:
        """Begin or end its tone."""
        if not self._rings:
            raise device_error(errno.ENOTSUP)
        sound = EVENT.pack(0, 0, EV_SND, SND_BELL, int(on))
        os.write(self._descriptor, sound + EVENT.pack(0, 0, EV_SYN, 0, 0))

    def close(self) -> None:
        """Let go of it: the console has it back."""
        self._pump.close()
        os.close(self._descriptor)

    def _forget(self) -> None:
        """Throw away what was typed before we had it: it was typed elsewhere too, and may be half."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._descriptor, _AT_ONCE * EVENT.size):
                pass

    def _events(self) -> bytes:
        """Return whole events, as many as there are now; OSError once it is gone."""
        try:
            came = self._pump.read()
        except BlockingIOError:
            return b""
        if not came:
            raise device_error(errno.ENODEV)
        self._rest += came
        whole = len(self._rest) - len(self._rest) % EVENT.size
        events, self._rest = self._rest[:whole], self._rest[whole:]
        return events


def _has(bits: bytes, code: int) -> bool:
    byte, bit = divmod(code, 8)
    return byte < len(bits) and bool(bits[byte] >> bit & 1)
