"""A management socket of the kernel, and what is asked of it as a socket.

Owns: opening and binding it, its room, its filter, and how many packets found no room.
Never: reads a packet, or knows what one says.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from typing import Final

from shopbell_edge.core.packet_filter import INSTRUCTION

AF_BLUETOOTH: Final = 31
BTPROTO_HCI: Final = 1
HCI_CHANNEL_CONTROL: Final = 3
HCI_DEV_NONE: Final = 0xFFFF
"""Of the kernel's bluetooth.h and hci_sock.h: Pythons that were built without its headers lack the names."""

SO_ATTACH_FILTER: Final = 26
SO_RCVBUFFORCE: Final = 33
SO_MEMINFO: Final = 55

ROOM_BYTES: Final = 4 * 1024 * 1024
"""Asked of the kernel: three thousand packets, each of which it counts with some 700 bytes of its own. A loop
that is busy for half a second in a storm of 5 000 a second loses none."""

_MEMORY: Final = struct.Struct("=9I")
"""Nine numbers of the kernel about a socket's memory, the last of which are the packets without room
(`SK_MEMINFO_DROPS` of sock_diag.h). With a packet, as SO_RXQ_OVFL, this family does not tell it."""


def open_management() -> socket.socket:
    """Return a management socket, not blocking; OSError if this machine has none.

    The kernel decides here, by CAP_NET_ADMIN, whether it will hear anything.
    """
    kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    opened = socket.socket(AF_BLUETOOTH, kind, BTPROTO_HCI)
    # `socket.bind` knows no channels before Python 3.14, and none at all if built without the headers.
    libc = ctypes.CDLL(None, use_errno=True)
    address = struct.pack("=HHH", AF_BLUETOOTH, HCI_DEV_NONE, HCI_CHANNEL_CONTROL)
    if libc.bind(opened.fileno(), address, len(address)) != 0:
        number = ctypes.get_errno()
        opened.close()
        raise OSError(number, os.strerror(number))
    return opened


def without_room(opened: socket.socket) -> int:
    """Return how many packets the kernel had no room for since `opened` was; 0 where it does not say.

    What a filter keeps back is not among them.
    """
    try:
        told = opened.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, _MEMORY.size)
    except OSError:
        return 0  # before Linux 4.12
    return int(_MEMORY.unpack(told)[-1])


def attach(opened: socket.socket, program: bytes) -> bool:
    """Let the kernel run `program` on what comes; False if it would not, which only costs time."""
    lines = ctypes.create_string_buffer(program, len(program))
    filter_ = struct.pack("@HP", len(program) // INSTRUCTION.size, ctypes.addressof(lines))
    try:
        opened.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, filter_)
    except OSError:
        return False
    return True


def give_room(opened: socket.socket) -> None:
    """Ask for more room than users may have; without the capability, for as much as they may."""
    for option in (SO_RCVBUFFORCE, socket.SO_RCVBUF):
        try:
            opened.setsockopt(socket.SOL_SOCKET, option, ROOM_BYTES)
        except PermissionError:
            continue
        return
