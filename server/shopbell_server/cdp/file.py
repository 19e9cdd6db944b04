"""Events as lines of JSON in a file.

Owns: whole lines in order of delivery, on the disk before they count as delivered, and rotation.
Never: what is in an event.

Every call opens, locks, writes, syncs and closes, so that several processes may share a file and whoever
reads it may move it away. Beside an fsync (milliseconds) the rest costs nothing.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from typing import TYPE_CHECKING, Final

from shopbell_server.ports.sinks import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from shopbell_server.ports.sinks import Letter

ROTATE_BYTES: Final = 64 * 1024 * 1024
"""About 70 000 events of 900 bytes: a day of forty busy stores, and a file that an editor still opens."""

KEPT: Final = 15
"""Older files, `.1` the youngest. With the current one 1 GiB: a card of 32 GB does not notice."""

AT_ONCE: Final = 500
"""Lines that share one fsync: half a megabyte, written in the time of the fsync."""

PATIENCE_S: Final = 30.0
"""A worn SD card may take seconds for an fsync; the longest seen in the field is about ten."""

_TAIL_BYTES: Final = 64 * 1024
"""How far back to look for the end of a line. Events are under 20 kB."""

_BEGINNING: Final = b'{"specversion":'
"""Of every line of ours; what else stands there without an end is not ours to cut."""


class FileSink:
    """Appends to `path`, whose folder must exist."""

    def __init__(
        self, *, name: str, path: Path, rotate_bytes: int = ROTATE_BYTES, kept: int = KEPT
    ) -> None:
        self._name = name
        self._path = path
        self._rotate_bytes = rotate_bytes
        self._kept = kept

    @property
    def name(self) -> str:
        """Return what deliveries and metrics call it."""
        return self._name

    @property
    def at_once(self) -> int:
        """Return AT_ONCE."""
        return AT_ONCE

    @property
    def patience_s(self) -> float:
        """Return PATIENCE_S."""
        return PATIENCE_S

    def deliver(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        """Append a line for each letter, all or none, and wait until the disk has them."""
        lines = b"".join(letter.body + b"\n" for letter in letters)
        try:
            with self._locked() as file:
                _append(file, lines)
        except OSError as error:
            failed = Outcome(kind="retry", reason=f"cannot write the file: {_said(error)}")
            return [failed] * len(letters)
        return [Outcome(kind="delivered", reason="written")] * len(letters)

    def close(self) -> None:
        """Do nothing: no file is open between deliveries."""

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Hold the current file, to be written by nobody else, rotated if it is full."""
        while True:
            file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
            try:
                flock(file, LOCK_EX)
                if self._is_current(file) and not self._rotated(file):
                    if os.fstat(file).st_size == 0:
                        self._keep_name()
                    yield file
                    return
            finally:
                os.close(file)

    def _is_current(self, file: int) -> bool:
        """Return whether the file is still at its place: another process may have rotated it."""
        try:
            return os.path.samestat(os.fstat(file), self._path.stat())
        except FileNotFoundError:
            return False

    def _rotated(self, file: int) -> bool:
        """Move a full file out of the way; the caller has its lock, so nobody else does."""
        if os.fstat(file).st_size < self._rotate_bytes:
            return False
        for number in range(self._kept, 0, -1):
            with suppress(FileNotFoundError):
                self._numbered(number - 1).replace(self._numbered(number))
        return True

    def _keep_name(self) -> None:
        """Let the name of a new file outlive a power cut, too."""
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path


def _append(file: int, lines: bytes) -> None:
    """Write and sync `lines`, or leave the file as it was. Raises OSError."""
    size = _whole_lines(file)
    try:
        rest = memoryview(lines)
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    except OSError:
        # A full disk takes the first half of a line: take it back, or the next line is spoilt too.
        with suppress(OSError):
            os.ftruncate(file, size)
        raise


def _whole_lines(file: int) -> int:
    """Cut off a line that a crash left unfinished: it was not delivered. Return the size.

    Raises OSError if the end is nothing of ours: then the path leads to somebody else's file.
    """
    size = os.fstat(file).st_size
    start = max(0, size - _TAIL_BYTES)
    tail = os.pread(file, size - start, start)
    unfinished = tail[tail.rfind(b"\n") + 1 :]
    if not unfinished:
        return size
    if not (unfinished.startswith(_BEGINNING) or _BEGINNING.startswith(unfinished)):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    os.ftruncate(file, size - len(unfinished))
    return size - len(unfinished)


def _said(error: OSError) -> str:
    """Return what the system says, without the path."""
    if error.errno == errno.EEXIST:
        return "it ends with something that is no event; move it away or name another file"
    return os.strerror(error.errno or errno.EIO)
