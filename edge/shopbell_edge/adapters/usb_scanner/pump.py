"""Bytes of a device, taken from it on a thread of their own and kept until the event loop has time.

Owns: the thread and the pipe.
Never: what the bytes are.

The kernel keeps 64 events for the reader of a keyboard. That is five capitals of a fast scanner, 20 ms; an
event loop in a storm of advertisements may be away for longer. A pipe holds 2 700 of them.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading


class Pump:
    """Moves what `descriptor` has to say, `at_once` bytes at a time, until it is gone or `close`.

    What finds no room in the pipe stays in the kernel, which says so itself when it has to drop some.
    """

    def __init__(self, descriptor: int, at_once: int) -> None:
        self._descriptor = descriptor
        self._at_once = at_once
        self._out, self._in = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._out, False)
        self._stopped, self._stop = os.pipe2(os.O_CLOEXEC)
        self._thread = threading.Thread(target=self._run, name="usb-scanner", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when there is something."""
        return self._out

    def read(self) -> bytes:
        """Return what came, as `os.read` does: BlockingIOError if nothing did, nothing once it is gone."""
        return os.read(self._out, self._at_once)

    def close(self) -> None:
        """Stop, and return when the thread has let go of the descriptor."""
        os.close(self._out)  # wakes a thread that waits for room
        os.close(self._stop)
        self._thread.join()
        os.close(self._stopped)

    def _run(self) -> None:
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLIN)
        waiting.register(self._stopped, select.POLLIN)
        try:
            # OSError: the device is gone, or (a broken pipe) nobody reads any more.
            with contextlib.suppress(OSError):
                while self._stopped not in dict(waiting.poll()):
                    with contextlib.suppress(BlockingIOError):
                        came = os.read(self._descriptor, self._at_once)
                        if not came:
                            return
                        os.write(self._in, came)
        finally:
            os.close(self._in)
