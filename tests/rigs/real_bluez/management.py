"""The guest's management sockets, as sockets of this machine: one packet per message."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Final, Literal

Who = Literal["root", "nobody", "network administrator"]
"""Who opens the socket in the guest. The last is nobody with CAP_NET_ADMIN alone."""

_NUMBERS: Final[dict[Who, int]] = {"root": 0, "nobody": 1, "network administrator": 2}


class RelayedManagement:
    """Opens sockets. `program` is given to the kernel for each, as an array of struct sock_filter."""

    def __init__(self, port: int, who: Who, program: bytes) -> None:
        self._port = port
        self._hello = struct.pack("<BH", _NUMBERS[who], len(program) // 8) + program
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self) -> socket.socket:
        """Return a socket that the relay serves as soon as it can, not blocking."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for each in (ours, theirs):
            each.setblocking(False)  # noqa: FBT003  its signature
        task = asyncio.get_running_loop().create_task(self._join(ours))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return theirs

    async def close(self) -> None:
        """Close what is open."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _join(self, end: socket.socket) -> None:
        """Carry packets both ways until one side closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        with end:
            try:
                writer.write(self._hello)
                outwards = asyncio.create_task(_out(end, writer))
                try:
                    await _in(reader, end)
                finally:
                    outwards.cancel()
            finally:
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()


async def _in(reader: asyncio.StreamReader, end: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            header = await reader.readexactly(6)
            body = await reader.readexactly(int.from_bytes(header[4:], "little"))
            await loop.sock_sendall(end, header + body)


async def _out(end: socket.socket, writer: asyncio.StreamWriter) -> None:
    while packet := await asyncio.get_running_loop().sock_recv(end, 4096):
        writer.write(packet)
    writer.close()
