"""A file that is written whole, or not there.

Owns: that nothing half-written stays where a disk is full, to be taken for the whole later.
Never: writes over a file that is there.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
