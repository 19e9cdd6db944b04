"""What a camera sees of a code that somebody holds up."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import cv2
import numpy as np
import segno

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

PASS = "SB1.K7Q2M9X4TR3WA.1795262820.48775424"


def qr(text: str = PASS, scale: int = 6) -> NDArray[np.uint8]:
    packed = io.BytesIO()
    segno.make(text, error="m", micro=False).save(packed, kind="png", scale=scale, border=4)
    image = cv2.imdecode(np.frombuffer(packed.getvalue(), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def on_a_counter(code: NDArray[np.uint8], shade: float = 1.0) -> NDArray[np.uint8]:
    """Return a pass in a 1280 x 720 frame with a textured ground."""
    ground = np.random.default_rng(7).integers(60, 160, (720, 1280, 3), np.uint8)
    ground = np.asarray(cv2.GaussianBlur(ground, (0, 0), 3), np.uint8)
    height, width = code.shape[:2]
    ground[280 : 280 + height, 560 : 560 + width] = code
    return np.asarray(ground * shade, np.uint8)


def tilted(image: NDArray[np.uint8], degrees: float) -> NDArray[np.uint8]:
    turn = cv2.getRotationMatrix2D((640, 380), degrees, 1.0)
    return np.asarray(cv2.warpAffine(image, turn, (1280, 720)), np.uint8)


def foreshortened(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return what is seen of a phone that leans away: its far edge is a third shorter."""
    corners = np.array([[0, 0], [1280, 0], [1280, 720], [0, 720]], np.float32)
    seen = np.array([[210, 40], [1070, 40], [1280, 720], [0, 720]], np.float32)
    view = cv2.getPerspectiveTransform(corners, seen)
    return np.asarray(cv2.warpPerspective(image, view, (1280, 720)), np.uint8)


def blurred(image: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def noisy(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    noise = np.random.default_rng(11).normal(0, 12, image.shape)
    return np.asarray(np.clip(image + noise, 0, 255), np.uint8)


def film(path: Path, frame: NDArray[np.uint8], frames: int) -> Path:
    """Write a film of one picture; OpenCV opens files as it opens devices."""
    height, width = frame.shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 15, (width, height))
    for _ in range(frames):
        writer.write(frame)
    writer.release()
    return path


def bomb_bmp() -> bytes:
    """Return a file of 54 bytes that claims 1.6 billion pixels."""
    return (
        b"BM" + (54).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little")
        + (40).to_bytes(4, "little") + (40_000).to_bytes(4, "little") * 2
        + (1).to_bytes(2, "little") + (24).to_bytes(2, "little") + bytes(24)
    )  # fmt: skip
