"""A camera of this machine, through OpenCV.

Owns: opening it, its frames, and opening it again.
Never: stores a frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2

from shopbell_edge.adapters.camera.decoding import in_frame
from shopbell_edge.ports import Health

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from shopbell_edge.ports import Code

AGAIN_S: Final = 2.0
"""A camera that was unplugged is back within so long of being plugged in again."""

RETAIL_EVERY: Final = 8
"""Frames to one that is searched for barcodes as well: at 15 a second twice a second, and a number
lies under a camera for longer than that."""


class Device:
    """Camera number `device` (or a film file, for a test); searches for barcodes too if `retail`."""

    def __init__(self, device: int | str, width: int, height: int, *, retail: bool) -> None:
        self._device = device
        self._width = width
        self._height = height
        self._retail = retail

    def look(
        self,
        stop: threading.Event,
        found: Callable[[Code], None],
        health: Callable[[Health], None],
    ) -> None:
        """Read frames until `stop`; a camera that is not there is waited for."""
        absent = False
        while not stop.is_set():
            capture = cv2.VideoCapture(self._device)
            try:
                if capture.isOpened():
                    absent = False
                    capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._width)
                    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._height)
                    health(Health(state="hearing", reason="camera_opened"))
                    self._frames(capture, stop, found)
                    if not stop.is_set():
                        health(Health(state="blind", reason="camera_lost"))
                elif not absent:
                    absent = True
                    health(Health(state="blind", reason="no_camera"))
            finally:
                capture.release()
            stop.wait(AGAIN_S)

    def _frames(
        self, capture: cv2.VideoCapture, stop: threading.Event, found: Callable[[Code], None]
    ) -> None:
        number = 0
        while not stop.is_set():
            there, frame = capture.read()
            if not there:
                return
            number += 1
            for code in in_frame(frame, retail=self._retail and number % RETAIL_EVERY == 0):
                found(code)
