"""A real input device, made by this machine's kernel at our word (uinput)."""

from __future__ import annotations

import fcntl
import os
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.fakes.keyboard import EV_KEY, EV_SYN, PLAIN, events_of

if TYPE_CHECKING:
    from tests.fakes.keyboard import Event

UINPUT: Final = Path("/dev/uinput")
EV_SND, SND_BELL = 0x12, 1
KEYS: Final = sorted({*PLAIN.values(), 28, 29, 42, 54, 56, 58})

_EVENT = struct.Struct("llHHi")
_SET_EVBIT, _SET_KEYBIT, _SET_SNDBIT = 0x40045564, 0x40045565, 0x4004556A
_SETUP, _CREATE, _DESTROY, _SYSNAME = 0x405C5503, 0x5501, 0x5502, 0x8040552C
_APPEARS_S: Final = 5.0
_TYPED_S: Final = 20.0
_REPORT_S: Final = 0.004
"""Between two reports: USB keyboards ask for 1 to 10 ms. The kernel keeps 64 events, some 30 reports, and who
types here takes turns with who reads, in one interpreter on a machine that is busy with other tests."""


def missing() -> str | None:
    """Return what is missing to make an input device, and how to get it; None if nothing is."""
    if not UINPUT.exists():
        return "no /dev/uinput: modprobe uinput evdev, on a kernel that has them"
    return (
        None if os.access(UINPUT, os.R_OK | os.W_OK) else "/dev/uinput is not this user's to open"
    )


class UinputScanner:
    """Comes and goes behind the name `path`, as under /dev/input/by-id. Unplugged at first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._device: int | None = None

    @property
    def path(self) -> str:
        return str(self._path)

    def plug(self) -> None:
        """Appear, as another device each time."""
        device = os.open(UINPUT, os.O_RDWR | os.O_NONBLOCK)
        for kind in (EV_SYN, EV_KEY, EV_SND):
            fcntl.ioctl(device, _SET_EVBIT, kind)
        for key in KEYS:
            fcntl.ioctl(device, _SET_KEYBIT, key)
        fcntl.ioctl(device, _SET_SNDBIT, SND_BELL)
        setup = struct.pack("HHHH80sI", 3, 0x1209, 1, 1, b"scanner of a test", 0)
        fcntl.ioctl(device, _SETUP, setup)
        fcntl.ioctl(device, _CREATE)
        name = fcntl.ioctl(device, _SYSNAME, bytes(64)).rstrip(b"\0").decode()
        self._path.symlink_to(_node(name))
        self._device = device
        self._typing = ThreadPoolExecutor(max_workers=1)

    def unplug(self) -> None:
        self._typing.shutdown()
        self._path.unlink()
        fcntl.ioctl(self._open, _DESTROY)
        os.close(self._open)
        self._device = None

    def send(self, *events: Event) -> None:
        """Let `events` happen one after the other, no faster than USB lets them; return at once."""
        for event in events:
            self._typing.submit(self._type, event)

    def finish(self) -> None:
        """Return once everything was typed."""
        self._typing.submit(lambda: None).result(_TYPED_S)

    def scan(self, text: str) -> None:
        self.send(*events_of(f"{text}\r"))

    def heard(self) -> list[Event]:
        """Return what was written to it since the last call."""
        try:
            raw = os.read(self._open, 64 * _EVENT.size)
        except BlockingIOError:
            return []
        return [(kind, code, value) for _, _, kind, code, value in _EVENT.iter_unpack(raw)]

    def _type(self, event: Event) -> None:
        os.write(self._open, _EVENT.pack(0, 0, *event))
        if event[0] == EV_SYN:
            time.sleep(_REPORT_S)

    @property
    def _open(self) -> int:
        assert self._device is not None, "it is not plugged in"
        return self._device


def _node(name: str) -> Path:
    """Return the device node of input `name`, once it is there."""
    deadline = time.monotonic() + _APPEARS_S
    while time.monotonic() < deadline:
        for event in Path(f"/sys/class/input/{name}").glob("event*"):
            node = Path("/dev/input") / event.name
            if node.exists():
                return node
        time.sleep(0.01)
    raise AssertionError(f"{name} has no node under /dev/input")
