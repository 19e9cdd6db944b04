"""The decoder as the edge sees it: a process that may die, hang or lie, and is then replaced.

Owns: starting it, what it says, and its end.
Never: parses an image; loads a library that does; believes what is said without checking its shape.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from dataclasses import dataclass
from subprocess import DEVNULL, Popen
from typing import TYPE_CHECKING, Final, Self

from shopbell_edge.adapters.camera import messages
from shopbell_edge.adapters.camera.messages import Failed
from shopbell_edge.adapters.camera.opencv import ENVIRONMENT

if TYPE_CHECKING:
    from shopbell_edge.adapters.camera.messages import Said, Task

MODULE: Final = "shopbell_edge.adapters.camera.child"

_END_S: Final = 5.0
"""A process that was killed and is still there after this waits for a driver, and dies when that lets go."""

_ENDS_S: Final = 0.005
"""Between two looks whether it is gone: the kernel takes some milliseconds to take 50 MB apart."""

_PASSED_ON: Final = ("PYTHONPATH", "LD_LIBRARY_PATH")
"""Where the edge itself finds its modules and libraries. Nothing else of the environment goes along."""

_ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"} | ENVIRONMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the decoder may be silent, in seconds of a clock on the wall. CPU time it limits itself."""

    start_s: float = 60.0
    """Loading OpenCV takes half a second on a server, some five on a Raspberry Pi with a cold card."""
    live_s: float = 10.0
    """It says something every second, unless the camera hangs (3 s) and the frame after takes its 2 s of
    CPU time on a machine that is busy."""
    still_s: float = 90.0
    """Three times the CPU time that a file may take: then it is not computing, it is stopped."""


class DecoderLostError(ConnectionError):
    """The decoder is gone: start another. `reason` is snake_case; it has been so for `for_ms`."""

    def __init__(self, reason: str, for_ms: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.for_ms = for_ms


class Decoder:
    """One process at work on `task`, from entering the context to leaving it.

    To be entered on the thread of the event loop: the process dies with the thread that started it.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._ours: socket.socket | None = None
        self._process: Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        # One message is one packet, so neither side has to find where one ends.
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                self._process = _started(self._task, theirs.fileno())
            except BaseException:
                ours.close()
                raise
        ours.setblocking(False)  # noqa: FBT003  # as the standard library has it
        self._ours = ours
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._ours is not None:
            self._ours.close()
        await self._end()

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None, "enter the context first"  # noqa: S101  # a bug of ours
        return self._process.pid

    def show(self, file: int) -> None:
        """Hand over the open file `file`, which remains ours too. Raises DecoderLostError."""
        assert self._ours is not None, "enter the context first"  # noqa: S101  # a bug of ours
        try:
            socket.send_fds(self._ours, [b"?"], [file])
        except OSError as error:
            raise DecoderLostError("decoder_died") from error

    async def hear(self, within_s: float) -> Said:
        """Return what it says next. Raises DecoderLostError, ModuleNotFoundError if it cannot start here."""
        assert self._ours is not None, "enter the context first"  # noqa: S101  # a bug of ours
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(within_s):
                raw = await loop.sock_recv(self._ours, messages.MOST_BYTES)
        except TimeoutError:
            raise DecoderLostError("decoder_hung", round(within_s * 1000)) from None
        except OSError as error:
            raise DecoderLostError("decoder_died") from error
        if not raw:
            raise DecoderLostError(await self._death())
        try:
            said = messages.said(raw)
        except messages.GarbledError as error:
            raise DecoderLostError("decoder_garbled") from error
        if isinstance(said, Failed):
            raise ModuleNotFoundError(said.error, name=said.module)
        return said

    async def _death(self) -> str:
        """Return of what it died, once it has."""
        await self._end()
        assert self._process is not None, "heard without a process"  # noqa: S101  # a bug of ours
        # The alarm that it sets before every picture.
        slow = self._process.returncode == -signal.SIGPROF
        return "decoder_slow" if slow else "decoder_died"

    async def _end(self) -> None:
        """Kill it, and return when it is gone, whoever cancels: nobody else would take leave of it."""
        if self._process is None:
            return
        self._process.kill()
        cancelled: asyncio.CancelledError | None = None
        for _ in range(round(_END_S / _ENDS_S)):
            if self._process.poll() is not None:
                break
            try:
                await asyncio.sleep(_ENDS_S)
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled


def _started(task: Task, socket_number: int) -> Popen[bytes]:
    # Not asyncio's own: in Python 3.11 it waits in a thread for every child, which outlives a loop that ends.
    return Popen(  # noqa: S603  # this interpreter, and a module of ours
        [
            *(sys.executable, "-P", "-m", MODULE),
            *(str(os.getpid()), str(socket_number), messages.encode(task)),
        ],
        stdin=DEVNULL,
        stdout=DEVNULL,
        # Libraries complain of broken pictures there. What matters is said on the socket.
        stderr=DEVNULL,
        cwd="/",
        env=_environment(),
        pass_fds=(socket_number,),
    )


def _environment() -> dict[str, str]:
    along = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return _ENVIRONMENT | along
