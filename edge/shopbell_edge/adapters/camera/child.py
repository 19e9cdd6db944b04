"""The decoder: a process of its own that holds everything that parses image bytes.

Owns: its life: what it does before the fence is shut, and what after.
Never: holds a secret, the spool or a connection; writes a file; lets a picture out.

Started by `decoder` as `python -P -m shopbell_edge.adapters.camera.child PARENT SOCKET TASK`.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from typing import TYPE_CHECKING, Final

from shopbell_edge.adapters.camera import fence, messages
from shopbell_edge.adapters.camera.messages import Camera, Done, Failed, Ready, Seen, Tick
from shopbell_edge.adapters.camera.place import AGAIN_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_edge.adapters.camera.messages import Live, Said, Stills
    from shopbell_edge.ports import Code

LIVE_BYTES: Final = 192 << 20
"""Beyond what is in use when the first frame comes. A frame of 4096 x 3072 has 36 MiB in colour and 12 in
grey; the camera's buffers, a copy and the decoder's own of it are the rest."""

STILL_BYTES: Final = 384 << 20
"""The same for files: 60 megapixels in colour, 172 MiB, with those in grey, 57, the decoder's copies of
them, 2 x 57, and the file, 19."""

STILL_CPU_S: Final = 30.0
"""Of one file. A photograph of 48 megapixels takes 1 to 2 s on a server, pure noise of that size 7; a
Raspberry Pi five times as long."""


def main() -> None:
    """Run until the edge hangs up or there is nothing more to look at."""
    parent, number, raw = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    fence.stay_with(parent)
    task = messages.task(raw)
    with socket.socket(fileno=number) as edge:
        try:
            _work(edge, task)
        except ModuleNotFoundError as error:
            _say(edge, Failed(error=str(error)[:1024], module=(error.name or "")[:256]))
        except ConnectionError:
            return  # the edge has hung up


def _work(edge: socket.socket, task: messages.Task) -> None:
    # Here, not above: what is missing can then be said.
    import cv2  # noqa: PLC0415  # as said
    import numpy as np  # noqa: PLC0415  # as said

    from shopbell_edge.adapters.camera import decoding  # noqa: PLC0415  # as said

    cv2.setNumThreads(1)
    # Whatever libraries look up only once is looked up while there are files to look it up in.
    decoding.in_still(np.zeros((64, 64), np.uint8), decoding.formats(task.retail))
    if isinstance(task, messages.Live):
        _watch(edge, task)
    else:
        _read(edge, task)


def _watch(edge: socket.socket, task: Live) -> None:
    from shopbell_edge.adapters.camera import device  # noqa: PLC0415  # as in `_work`

    while (capture := device.opened(task)) is None:
        _say(edge, Camera(state="absent"))
        time.sleep(AGAIN_S)
    _say(edge, Ready(missing=fence.shut(LIVE_BYTES)))
    watching = device.Watching(
        task,
        _telling(edge),
        lambda frames, decoded: _say(edge, Tick(frames=frames, decoded=decoded)),
    )
    watching.watch(capture)
    _say(edge, Camera(state="lost"))


def _read(edge: socket.socket, task: Stills) -> None:
    from shopbell_edge.adapters.camera import decoding, stills  # noqa: PLC0415  # as in `_work`

    wanted = decoding.formats(task.retail)
    found = _telling(edge)
    _say(edge, Ready(missing=fence.shut(STILL_BYTES)))
    while True:
        word, files, _, _ = socket.recv_fds(edge, 1, 1)
        if not word:
            return
        unreadable = ""
        try:
            with fence.at_most(STILL_CPU_S):
                for code in decoding.in_still(stills.unpacked(files[0]), wanted):
                    found(code)
        except stills.NotAnImageError as error:
            unreadable = error.reason
        except (OSError, MemoryError):
            unreadable = "cannot be read, or does not fit into memory"
        finally:
            os.close(files[0])
        _say(edge, Done(unreadable=unreadable))


def _telling(edge: socket.socket) -> Callable[[Code], None]:
    def tell(code: Code) -> None:
        _say(edge, Seen(format=code.format, text=code.text[: messages.MOST_TEXT]))

    return tell


def _say(edge: socket.socket, said: Said) -> None:
    edge.sendall(messages.encode(said))


if __name__ == "__main__":
    main()
