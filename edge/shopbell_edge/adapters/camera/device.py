"""A camera of this machine, through OpenCV: what the decoder does with it.

Owns: opening it, its frames, and which of them are decoded (`core.motion` says).
Never: stores a frame, or lets one out of the process.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import cv2

from shopbell_edge.adapters.camera.decoding import formats, in_frame, view
from shopbell_edge.adapters.camera.fence import at_most
from shopbell_edge.core.motion import Change, Gate, Look

if TYPE_CHECKING:
    from collections.abc import Callable

    from cv2.typing import MatLike

    from shopbell_edge.adapters.camera.messages import Live
    from shopbell_edge.ports import Code

FRAME_CPU_S: Final = 2.0
"""Of one frame. With all formats it takes 25 ms on a server, 0.1 s on a Raspberry Pi: what takes twenty
times that is no picture but an attack or a bug."""

TICK_MS: Final = 1_000
"""Between two signs of life while frames come."""

SMALL: Final = (80, 45)
"""What motion is seen in: each of its pixels is the mean of 16 x 16 of 1280 x 720."""

MOVED: Final = 4
"""Pixels of it, a thousandth, that must differ for motion: a pass at 150 pixels is 80 of them."""


def opened(task: Live) -> cv2.VideoCapture | None:
    """Return the camera, ready to give frames; None if it is not there."""
    api = cv2.CAP_ANY if isinstance(task.device, str) else cv2.CAP_V4L2
    capture = cv2.VideoCapture(task.device, api)
    if not capture.isOpened():
        capture.release()
        return None
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, task.width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, task.height)
    return capture


class Watching:
    """The live loop over one open camera."""

    def __init__(
        self, task: Live, found: Callable[[Code], None], tick: Callable[[int, int], None]
    ) -> None:
        self._wanted = formats(task.retail)
        self._gate = Gate(retail=bool(task.retail))
        self._found = found
        self._tick = tick
        self._before: MatLike | None = None
        self._number = 0
        self._frames = 0
        self._decoded = 0

    def watch(self, capture: cv2.VideoCapture) -> None:
        """Look at its frames until it gives no more."""
        ticked_ms = _now_ms()
        while True:
            with at_most(FRAME_CPU_S):
                if not capture.grab():
                    break
                now_ms = _now_ms()
                if self._gate.due(now_ms):
                    there, frame = capture.retrieve()
                    if not there:
                        break
                    self._look(frame, now_ms)
            if now_ms - ticked_ms >= TICK_MS:
                ticked_ms = now_ms
                self._count()
        self._count()

    def _count(self) -> None:
        self._tick(self._frames, self._decoded)
        self._frames = self._decoded = 0

    def _look(self, frame: MatLike, now_ms: int) -> None:
        self._frames += 1
        grey = frame if frame.ndim == 2 else cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)  # noqa: PLR2004  # axes
        small = cv2.resize(grey, SMALL, interpolation=cv2.INTER_AREA)
        look = self._gate.look(now_ms, change(self._before, small))
        if look is Look.NOTHING:
            return
        self._before = small
        self._decoded += 1
        seen = view(grey, self._number)
        self._number += 1
        codes = in_frame(seen, self._wanted) if look is Look.EVERYTHING else in_frame(seen)
        for code in codes:
            self._found(code)


def change(before: MatLike | None, after: MatLike) -> Change | None:
    """Return by how much two small grey pictures differ; None if there is no first."""
    if before is None:
        return None
    differences = cv2.absdiff(before, after).reshape(1, -1)
    ordered = cv2.sort(differences, cv2.SORT_EVERY_ROW | cv2.SORT_DESCENDING)
    return Change(peak=float(ordered[0, MOVED - 1]), typical=cv2.mean(differences)[0])


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
