"""What systemd is told, over its notification socket.

Owns: sd_notify, which is one datagram per state.
Never: when to say it.
"""

from __future__ import annotations

import socket
from typing import Self


class Systemd:
    """A Supervisor that restarts this process when it stops saying that it lives.

    `address` is what systemd puts into NOTIFY_SOCKET: a path, or `@` and an abstract name; None or
    empty where nobody supervises, and then every call does nothing.
    """

    def __init__(self, address: str | None) -> None:
        """Open the socket; OSError if there is an address but nobody behind it."""
        self._socket: socket.socket | None = None
        if not address:
            return
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        try:
            self._socket.connect("\0" + address[1:] if address[0] == "@" else address)
        except OSError as error:
            self._socket.close()
            raise OSError(
                f"NOTIFY_SOCKET: {error.strerror}; unset it where no systemd supervises this process"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._socket is not None:
            self._socket.close()

    def ready(self) -> None:
        """Say that start-up is complete."""
        self._say("READY=1")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._say("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the process is about to end by itself."""
        self._say("STOPPING=1")

    def _say(self, state: str) -> None:
        if self._socket is not None:
            self._socket.send(state.encode())
