"""A scanner as a serial port (CDC-ACM), by the terminal interface of the standard library.

Owns: opening it for us alone and raw, so that no byte of a code means anything to the kernel.
Never: which bytes make a code (`core.scanned_line`).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import termios
from typing import Final, Literal

from shopbell_edge.adapters.usb_scanner.reader import device_error

Baud = Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200]
"""Of a scanner on a real serial line. CDC-ACM takes any and heeds none."""

_SPEEDS: Final = {
    1200: termios.B1200,
    2400: termios.B2400,
    4800: termios.B4800,
    9600: termios.B9600,
    19200: termios.B19200,
    38400: termios.B38400,
    57600: termios.B57600,
    115200: termios.B115200,
}

_BELL: Final = b"\x07"
"""BEL, at which scanners beep once, if they are set to (Zebra: "Beep on <BEL>"; Honeywell, Datalogic: do)."""

_AT_ONCE: Final = 4096
"""Bytes of one read: what the kernel's line discipline holds."""


class SerialPort:
    """An Attached scanner at `path`; OSError if it cannot be had."""

    def __init__(self, path: str, baud: Baud) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            # Whoever comes later is kept out: a modem manager would type AT commands into our scanner.
            fcntl.ioctl(self._descriptor, termios.TIOCEXCL)
            _make_raw(self._descriptor, baud)
        except termios.error as refused:
            os.close(self._descriptor)
            raise device_error(refused.args[0]) from refused
        except OSError:
            os.close(self._descriptor)
            raise

    def fileno(self) -> int:
        """Return its descriptor."""
        return self._descriptor

    def read(self) -> str:
        """Return the characters that came, byte by byte: which of them are allowed is said elsewhere."""
        try:
            came = os.read(self._descriptor, _AT_ONCE)
        except BlockingIOError:
            return ""
        if not came:
            raise device_error(errno.ENODEV)  # hung up
        return came.decode("latin-1")

    def ring(self, *, on: bool) -> None:
        """Let it beep. It decides itself how long."""
        if on:
            os.write(self._descriptor, _BELL)

    def close(self) -> None:
        """Let go of it, and do not wait for a beep that it does not take any more."""
        with contextlib.suppress(termios.error):
            termios.tcflush(self._descriptor, termios.TCOFLUSH)
        os.close(self._descriptor)


def _make_raw(descriptor: int, baud: Baud) -> None:
    """Set eight bits, no echo, no signals, no flow control; forget what came before."""
    mode = termios.tcgetattr(descriptor)
    # As cfmakeraw: Ctrl-C is a byte, not a signal; Ctrl-S stops nothing; nothing is sent back.
    mode[0] &= ~(
        termios.IGNBRK
        | termios.BRKINT
        | termios.PARMRK
        | termios.INPCK
        | termios.ISTRIP
        | termios.INLCR
        | termios.IGNCR
        | termios.ICRNL
        | termios.IXON
        | termios.IXOFF
    )
    mode[1] &= ~termios.OPOST
    mode[2] &= ~(termios.CSIZE | termios.PARENB | termios.CSTOPB | termios.HUPCL)
    mode[2] |= termios.CS8 | termios.CREAD | termios.CLOCAL
    mode[3] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
    mode[4] = mode[5] = _SPEEDS[baud]
    mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
    termios.tcsetattr(descriptor, termios.TCSANOW, mode)
    termios.tcflush(descriptor, termios.TCIFLUSH)
