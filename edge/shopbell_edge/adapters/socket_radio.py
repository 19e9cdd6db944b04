"""A radio that hears what is written to a local socket: for simulators and tests.

Owns: the socket, and the form of a line: `{"ad": "0201061aff4c00…", "rssi": -61}`.
Never: closes a connection for what it wrote, or takes an address: the form has no place for one.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import stat
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from shopbell_edge.core.ad_structures import MAX_BYTES, parse
from shopbell_edge.core.units import ScannerName
from shopbell_edge.ports import Health, RadioLostError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from shopbell_edge.core.advertisement import Advertisement
    from shopbell_edge.core.reception import Doubt

MAX_LINE: Final = 1024
"""Bytes of a line: twice the 255 of the longest advertising data in hexadecimal, and the JSON around it."""


class Heard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One advertisement: raw advertising data in hexadecimal, and the strength in dBm."""

    ad: Annotated[str, msgspec.Meta(max_length=2 * MAX_BYTES, pattern=r"^([0-9a-fA-F]{2})*\Z")]
    rssi: Annotated[int, msgspec.Meta(ge=-128, le=127)]


class SocketRadio:
    """Hears what anybody who may open the socket writes to it, a line each (Radio).

    Only this user may: the socket has the permissions 0600. Lines that are not of the form are counted in
    `malformed` and skipped.
    """

    def __init__(self, path: Path, *, scanner: str) -> None:
        """Listen at `path`, under the name `scanner`. A socket left behind there is replaced."""
        self._path = path
        self._scanner = ScannerName(scanner)
        self.malformed = 0

    @property
    def scanner(self) -> ScannerName:
        """The name it was given."""
        return self._scanner

    @property
    def dropped(self) -> Mapping[str, int]:
        """How many lines were not of the form."""
        return {"malformed_line": self.malformed}

    async def listen(
        self, heard: Callable[[Advertisement], None], health: Callable[[Health], None]
    ) -> None:
        """Call `heard` for every line until cancelled; remove the socket then.

        Raises RadioLostError if the socket cannot be made or another program listens there, and whatever
        `heard` or `health` raises.
        """
        self.malformed = 0
        broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        open_: set[_Connection] = set()

        def connection() -> _Connection:
            return _Connection(heard, self._skip, broken, open_)

        try:
            server = await asyncio.get_running_loop().create_unix_server(
                connection, sock=_bound(self._path)
            )
        except OSError as cannot:
            raise RadioLostError(f"{self._path}: {cannot.strerror or cannot}") from cannot
        try:
            async with server:
                health(Health(state="hearing", reason="listening"))
                await broken
        finally:
            for each in list(open_):
                each.close()
            self._path.unlink(missing_ok=True)

    def mend(self, why: Doubt, tries: int) -> None:
        """Do nothing: whoever writes to the socket is not ours to mend."""

    def _skip(self) -> None:
        self.malformed += 1


class _Connection(asyncio.Protocol):
    """Takes lines apart as they come in."""

    def __init__(
        self,
        heard: Callable[[Advertisement], None],
        skip: Callable[[], None],
        broken: asyncio.Future[None],
        open_: set[_Connection],
    ) -> None:
        self._heard = heard
        self._skip = skip
        self._broken = broken
        self._open = open_
        self._transport: asyncio.BaseTransport | None = None
        self._decoder = msgspec.json.Decoder(Heard)
        self._rest = b""
        self._overlong = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._open.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._open.discard(self)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)
        if len(self._rest) > MAX_LINE:  # keep nothing of it, and know that its end is no beginning
            self._rest, self._overlong = b"", True

    def _line(self, line: bytes) -> None:
        if self._overlong or len(line) > MAX_LINE:
            self._overlong = False
            self._skip()
            return
        try:
            said = self._decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._skip()
            return
        try:
            self._heard(parse(bytes.fromhex(said.ad), said.rssi))
        except Exception as broken:  # noqa: BLE001  handed on to `listen`; asyncio would log it
            if not self._broken.done():
                self._broken.set_exception(broken)


def _bound(path: Path) -> socket.socket:
    """Return a socket bound to `path`, for this user only. Raises OSError; EADDRINUSE if it is in use."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise OSError(
                errno.EEXIST, "something that is not a socket is there; give another path"
            )
        if _answers(path):
            raise OSError(errno.EADDRINUSE, "another program listens there; stop it first")
        path.unlink()
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        bound.bind(str(path))
        path.chmod(0o600)  # nobody can connect before `listen`, so nobody slips in before this
    except OSError:
        bound.close()
        raise
    return bound


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(str(path)) == 0
