"""A kernel's management socket that a test speaks through, packet for packet."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import socket
import struct
import sys
import termios
from typing import Final

from tests.edge.core.management_events import complete, found, refused

GET_CONNECTIONS: Final = 0x0015
DENIED: Final = 0x14


class FakeKernel:
    """Gives sockets to whoever opens one, and sends what a test says to all that are open.

    It answers as a kernel would, unless it `denies` permission or is `mute`. While it is `deaf` it tells of
    no advertisement. `overflown` is what it says it had no room for. For a test with one event loop.
    """

    def __init__(self) -> None:
        self.denies = False
        self.mute = False
        self.deaf = False
        self.overflown = 0
        self._ends: list[socket.socket] = []

    @property
    def sockets(self) -> int:
        """How many are open."""
        return len(self._ends)

    @property
    def unread(self) -> int:
        """How many bytes were sent and not received yet."""
        waiting = bytearray(4)
        for end in self._ends:
            fcntl.ioctl(end, termios.TIOCOUTQ, waiting)
        return int.from_bytes(waiting, sys.byteorder)

    def open(self) -> socket.socket:
        """Return a socket, as `open_management` does."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for each in (ours, theirs):
            each.setblocking(False)  # noqa: FBT003  its signature
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * 1024 * 1024)
        self._ends.append(ours)
        asyncio.get_running_loop().add_reader(ours, self._asked, ours)
        return theirs

    def without_room(self, _opened: socket.socket) -> int:
        """Return what it had no room for: these sockets have room for all."""
        return self.overflown

    def advertise(self, ad: bytes, rssi_dbm: int = -60, *, controller: int = 0) -> None:
        """Tell of an advertisement."""
        if not self.deaf:
            self.send(found(ad, rssi_dbm, controller=controller))

    def send(self, packet: bytes) -> None:
        """Send `packet` to all sockets that are open."""
        for end in list(self._ends):
            with contextlib.suppress(
                BrokenPipeError
            ):  # it was closed, which the loop will find out
                end.send(packet)

    def break_off(self) -> None:
        """Close every socket, as a kernel never does."""
        for end in list(self._ends):
            self._close(end)

    def _asked(self, end: socket.socket) -> None:
        with contextlib.suppress(ConnectionResetError):
            if question := end.recv(4096):
                self._answer(end, *struct.unpack("<HHH", question))
                return
        self._close(end)

    def _answer(self, end: socket.socket, opcode: int, controller: int, _: int) -> None:
        assert opcode == GET_CONNECTIONS, "nothing else needs to be asked"
        if self.denies:
            end.send(refused(opcode, controller, DENIED))
        elif not self.mute:
            end.send(complete(opcode, controller, more=b"\0\0"))

    def _close(self, end: socket.socket) -> None:
        asyncio.get_running_loop().remove_reader(end)
        end.close()
        self._ends.remove(end)
