"""Whether a file that the settings name holds what it should.

Owns: the look at it before the server starts, so that a slip of the pen is a fault with a key.
Never: keeps what a file holds.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from shopbell_program.settings import Fault, unreadable
from shopbell_server.core.delivery.customer_keys import SINK_KEY_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator


PUBLIC_SUFFIX: Final = ".pub"
"""Of the half of a key that everybody may have."""


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


def no_private_key(key: str, path: str, making: str) -> Iterator[Fault]:
    """Yield the same of a key to sign with, and that it is the public half of one: 32 bytes, too.

    Its name says so (`.pub`, as `shopbell-server edge new-key` calls it), or it is a copy of one beside it.
    """
    public = None if in_the_way(path) is not None else _public_half(Path(path))
    if public is None:
        yield from no_key(key, path, making)
        return
    private = public.with_suffix(".key")
    there = f': name its private half, "{private}"' if private.is_file() else f"; {making}"
    problem = f'"{path}" holds a public key, with which nobody can sign{there}'
    yield Fault(key=key, problem=problem)


RANDOM_KEY = "`openssl rand -hex 32 > FILE` makes one"
"""How a key is made that nobody else has to know a public half of."""


def _public_half(path: Path) -> Path | None:
    """Return the file of a public key that `path` is, or is a copy of."""
    if path.suffix == PUBLIC_SUFFIX:
        return path
    try:
        held = path.read_bytes().strip()
        others = sorted(path.parent.glob(f"*{PUBLIC_SUFFIX}"))
        return next((each for each in others if each.read_bytes().strip() == held), None)
    except OSError:
        return None  # who may not look around finds nothing


def _is_key(path: str) -> bool:
    try:
        return len(bytes.fromhex(Path(path).read_text("ascii"))) == SINK_KEY_BYTES
    except ValueError:
        return False
