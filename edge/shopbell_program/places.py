"""Whether what settings point at can be there: a file to read, a place for one, a host to call.

Owns: the look at it before a program starts, so that a slip of the pen is a fault with a key.
Never: opens a connection, or keeps what a file says.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from shopbell_program.settings import Fault, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_HOST = 253
"""Characters of a name that DNS can carry (RFC 1035: 255 bytes, two of them for the ends)."""

_MOST_PORT = 65_535


def not_a_path(key: str, path: str) -> Iterator[Fault]:
    """Yield why no file can be at `path`; it need not be there yet."""
    if not path or "\0" in path:
        yield Fault(key=key, problem="empty, or with a NUL in it; give the path of a file")


def not_readable(key: str, path: str) -> Iterator[Fault]:
    """Yield why the file at `path`, which has to be there, cannot be read by this user."""
    faults = list(not_a_path(key, path))
    yield from faults
    if faults:
        return
    try:
        if Path(path).is_file():
            Path(path).open("rb").close()
            return
        problem = f'there is no file "{path}"'
    except OSError as error:
        problem = f'"{path}": {unreadable(error)}'
    yield Fault(key=key, problem=problem)


def not_secret(key: str, path: str) -> Iterator[Fault]:
    """Yield that every user of this machine may read the file at `path`, or write to it, as a warning.

    Its group may: that is how root owns a secret and a daemon reads it. Nothing where there is no file.
    """
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):  # ValueError: no path has a NUL
        return
    if stat.S_ISREG(mode) and mode & (stat.S_IROTH | stat.S_IWOTH):
        yield Fault(
            key=key,
            problem=f'"{path}" is open to every user of this machine (mode {stat.S_IMODE(mode):o}): '
            "`chmod o-rwx` it, and replace what it holds if others were there",
        )


def not_a_host(key: str, host: str) -> Iterator[Fault]:
    """Yield why `host` is neither an address nor a name that could be looked up."""
    try:
        encoded = host.encode("idna").decode("ascii")
    except UnicodeError:
        encoded = ""
    if not re.fullmatch(rf"[^\s\0/]{{1,{_LONGEST_HOST}}}", encoded):
        yield Fault(
            key=key,
            problem=f"{host!r} is no host name and no address; write it alone, without a scheme or a port",
        )


def not_an_address(key: str, text: str) -> Iterator[Fault]:
    """Yield why `text` does not say a host and a port, as `address` reads it."""
    try:
        host, _ = address(text)
    except ValueError:
        yield Fault(
            key=key,
            problem=f"{text!r} is no address; write a host and a port from 1 to 65535, as in "
            '"broker-b.example:8883" or "[2001:db8::1]:8883"',
        )
    else:
        yield from not_a_host(key, host)


def address(text: str) -> tuple[str, int]:
    """Return host and port of "host:port" or "[address of IPv6]:port", or raise ValueError."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%]+)\]|([^\[\]:]+)):([0-9]{1,5})", text)
    if found is None or not 1 <= int(found[3]) <= _MOST_PORT:
        raise ValueError(text)
    return found[1] or found[2], int(found[3])
