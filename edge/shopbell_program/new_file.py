"""A file that is written whole, or not there.

Owns: that nothing half-written stays where a disk is full, to be taken for the whole later.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_new(path: Path, written: bytes, *, mode: int) -> None:
    """Make the file `path` with `mode`, which holds from its first byte on, and write `written` into it.

    Raises FileExistsError if it is there. Raises OSError, always with the file's name, if it cannot be
    made or written; then there is none.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(written)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error


def write_instead(path: Path, written: bytes) -> None:
    """Let `written` be what the file `path` holds, whatever it held: all of it, or what was there stays.

    What is no file, such as /dev/stdout, is written to. Raises OSError.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(written)
        return
    there = path.resolve()  # a link stays one
    mode = there.stat().st_mode & 0o777 if there.exists() else _usual_mode()
    with tempfile.TemporaryDirectory(prefix=f".{there.name[:40]}.", dir=there.parent) as beside:
        part = Path(beside) / "part"
        write_new(part, written, mode=0o600)
        part.chmod(mode)
        part.replace(there)


def _usual_mode() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask
