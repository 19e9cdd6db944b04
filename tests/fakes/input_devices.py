"""Input devices without a kernel's: each opening of one is a socket, on which events come."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import sys
import termios
from typing import TYPE_CHECKING

from shopbell_edge.adapters.usb_scanner.input_device import EV_SND, EVENT, SND_BELL
from tests.fakes.keyboard import EV_KEY, events_of

if TYPE_CHECKING:
    from tests.fakes.keyboard import Event

ALL_KEYS = bytes([0xFF]) * 96
RINGS = {0: bytes([0x03, 0, 0x04]), EV_KEY: ALL_KEYS, EV_SND: bytes([0x02])}
"""By kind of event: which codes there are. The first says which kinds."""

BELL = (EV_SND, SND_BELL)


def error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


class FakeInputDevice:
    """A keyboard at `path` with the codes `bits`. Unplugged at first."""

    def __init__(
        self, path: str = "/dev/input/by-id/scanner", bits: dict[int, bytes] | None = None
    ) -> None:
        self.path = path
        self.bits = RINGS if bits is None else bits
        self.plugged = False
        self.readers: dict[int, socket.socket] = {}
        self.grabbed_by: int | None = None

    def plug(self) -> None:
        self.plugged = True

    def unplug(self) -> None:
        self.plugged = False
        self.heard()
        self._let_go(set(self.readers))

    def send(self, *events: Event) -> None:
        """Let `events` happen: told to whoever has it, else to all who listen."""
        self._forget_closed()
        raw = b"".join(EVENT.pack(0, 0, *event) for event in events)
        for reader, wire in self.readers.items():
            if self.grabbed_by in (None, reader):
                wire.sendall(raw)

    def finish(self) -> None:
        """Do nothing: what was sent has happened."""

    def scan(self, text: str) -> None:
        self.send(*events_of(f"{text}\r"))

    def heard(self) -> list[Event]:
        """Return what was written to it since the last call."""
        raw = b""
        for wire in self.readers.values():
            try:
                raw += wire.recv(65_536)
            except BlockingIOError:
                continue
        return [(kind, code, value) for _, _, kind, code, value in EVENT.iter_unpack(raw)]

    def waiting(self) -> int:
        """Return how many bytes its readers have not taken yet."""
        each = (fcntl.ioctl(reader, termios.FIONREAD, bytes(4)) for reader in self.readers)
        return sum(int.from_bytes(size, sys.byteorder) for size in each)

    def _forget_closed(self) -> None:
        self._let_go({reader for reader, wire in self.readers.items() if _closed(wire)})

    def _let_go(self, readers: set[int]) -> None:
        for reader in readers:
            self.readers.pop(reader).close()
            if self.grabbed_by == reader:
                self.grabbed_by = None

    def opened(self) -> int:
        self._forget_closed()  # before a number is used again
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.settimeout(0)
        reader = theirs.detach()
        self.readers[reader] = ours
        return reader

    def grab(self, reader: int) -> None:
        self._forget_closed()
        if self.grabbed_by is not None:
            raise error(errno.EBUSY)
        self.grabbed_by = reader


class FakeInputDevices:
    """Those in `devices`, by their paths."""

    def __init__(self, *devices: FakeInputDevice) -> None:
        self.devices = devices

    def open(self, path: str) -> int:
        for device in self.devices:
            if device.path == path and device.plugged:
                return device.opened()
        raise error(errno.ENOENT)

    def grab(self, descriptor: int) -> None:
        self._device(descriptor).grab(descriptor)

    def codes(self, descriptor: int, kind: int) -> bytes:
        return self._device(descriptor).bits.get(kind, bytes(96))

    def _device(self, descriptor: int) -> FakeInputDevice:
        for device in self.devices:
            if descriptor in device.readers:
                return device
        raise error(errno.ENODEV)


def _closed(wire: socket.socket) -> bool:
    """Return whether the reader at the other end has closed."""
    try:
        return wire.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
