"""Whether a file that the settings name holds what it should.

Owns: the look at it before the server starts, so that a slip of the pen is a fault with a key.
Never: keeps what a file holds.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shopbell_program.settings import Fault, unreadable
from shopbell_server.core.delivery.customer_keys import SINK_KEY_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator


def in_the_way(path: str) -> str | None:
    """Return why the file at `path` cannot be read as text by this user; None if it can."""
    try:
        if not Path(path).is_file():
            return f'there is no file "{path}"'
        Path(path).read_text("utf-8")
    except UnicodeDecodeError:
        return f'"{path}" is not text'
    except (OSError, ValueError) as error:
        return f'"{path}": {unreadable(error)}'
    return None


def no_key(key: str, path: str | None, making: str = "") -> Iterator[Fault]:
    """Yield that a file which can be read holds no key of 32 bytes; `making` says how to make one."""
    if path is not None and in_the_way(path) is None and not _is_key(path):
        said = f"; {making}" if making else ""
        problem = f'"{path}" does not hold {SINK_KEY_BYTES} bytes in hexadecimal{said}'
        yield Fault(key=key, problem=problem)


RANDOM_KEY = "`openssl rand -hex 32 > FILE` makes one"
"""How a key is made that nobody else has to know a public half of."""


def _is_key(path: str) -> bool:
    try:
        return len(bytes.fromhex(Path(path).read_text("ascii"))) == SINK_KEY_BYTES
    except ValueError:
        return False
