"""The machine's clock, its dice, its disks, and who sits at it.

Owns: the only places of the server that ask for them.
Never: decides with them.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import secrets
import shutil
import threading
import time
import uuid
from typing import TYPE_CHECKING, Final

from shopbell_server.core.ids import Millis

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_LATER_BITS = 74
"""Of a UUIDv7 (RFC 9562): 12 bits `rand_a` and 62 bits `rand_b` after the 48 bits of time."""

_ROOM = 1 << 32
"""Left above the first draw of a millisecond: ids of the same millisecond count up from there."""


class SystemClock:
    """The wall clock, which whoever runs this machine keeps right."""

    def now_ms(self) -> Millis:
        """Return Unix milliseconds, UTC."""
        return Millis(time.time_ns() // 1_000_000)


class SystemEntropy:
    """The operating system's random numbers. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last_ms = 0
        self._later = 0

    def token(self, size: int) -> bytes:
        """Return `size` random bytes."""
        return secrets.token_bytes(size)

    def uuid7(self, now_ms: Millis) -> str:
        """Return a new UUIDv7 that sorts after those given before for the same moment or an earlier one.

        Within a millisecond the random part counts up by random steps (RFC 9562, 6.2, method 2).
        """
        with self._lock:
            if now_ms != self._last_ms:
                self._last_ms = now_ms
                self._later = secrets.randbelow((1 << _LATER_BITS) - _ROOM)
            else:
                self._later += 1 + secrets.randbelow(256)
            later = self._later
        bits = (now_ms & ((1 << 48) - 1)) << 80
        bits |= 0x7 << 76 | (later >> 62) << 64
        bits |= 0b10 << 62 | later & ((1 << 62) - 1)
        return str(uuid.UUID(int=bits))


def user_name() -> str:
    """Return who runs this program, by the system's users: not by a variable that anybody sets."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


FULL_BYTES: Final = 4 * 1024 * 1024
"""SQLite's log grows to 1000 pages of 4 KiB before it goes into the database: less, and a commit may fail."""


def without_room(folders: Iterable[Path], least_bytes: int = FULL_BYTES) -> str | None:
    """Return what is wrong with the disk of one of `folders`; None if each has `least_bytes` left."""
    for folder in folders:
        try:
            free_bytes = shutil.disk_usage(folder).free
        except OSError as error:
            return f"{folder}: {error.strerror}"
        if free_bytes < least_bytes:
            return f"full at {folder}: nothing can be stored"
    return None


def clock_is_kept() -> bool | None:
    """Return whether the kernel says that a time server keeps its clock; None where it says nothing."""
    try:
        adjtimex = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return None
    # Zeros: nothing is set, only asked.
    state = adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return None if state < 0 else bool(state != _TIME_ERROR)


_TIMEX_BYTES = 512
"""More than any kernel's `struct timex` has (208 on 64 bits)."""

_TIME_ERROR = 5
"""adjtimex(2): the clock is not synchronized."""
