"""Photographs of a pass on a phone's screen: as it is, tilted, blurred, badly lit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

import cv2
import numpy as np
import segno

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Image = NDArray[np.uint8]

Condition = Literal["plain", "tilted", "blurred", "badly lit"]
CONDITIONS: Final[tuple[Condition, ...]] = get_args(Condition)

WIDTH: Final = 1280
HEIGHT: Final = 720
"""A cheap camera."""

CODE_PIXELS: Final = 280
"""A phone held before it."""

SCREEN: Final = 235
JACKET: Final = 90


def take_picture(text: str, folder: Path, name: str, condition: Condition = "plain") -> None:
    """Put a photograph of `text` as a QR code into `folder`, complete as soon as it is there."""
    picture = _condition(_scene(text), condition)
    written, data = cv2.imencode(".png", picture)
    assert written
    put_picture(data.tobytes(), folder, name)


def put_picture(png: bytes, folder: Path, name: str) -> None:
    """Put a picture into `folder`, complete as soon as it is there."""
    part = folder / f".{name}.part"
    part.write_bytes(png)
    part.rename(folder / f"{name}.png")


def _scene(text: str) -> Image:
    """Draw a bright screen with the code before something dark."""
    modules = np.array(
        [[0 if dark else SCREEN for dark in row] for row in segno.make(text).matrix_iter(border=4)],
        np.uint8,
    )
    code = cv2.resize(modules, (CODE_PIXELS, CODE_PIXELS), interpolation=cv2.INTER_NEAREST)
    scene = np.full((HEIGHT, WIDTH), JACKET, np.uint8)
    top, left = (HEIGHT - CODE_PIXELS) // 2, (WIDTH - CODE_PIXELS) // 2
    scene[top : top + CODE_PIXELS, left : left + CODE_PIXELS] = code
    return scene


def _condition(scene: Image, condition: Condition) -> Image:
    match condition:
        case "plain":
            return scene
        case "tilted":
            return _tilted(scene)
        case "blurred":
            return np.asarray(cv2.GaussianBlur(scene, (0, 0), 2.4), np.uint8)
        case "badly lit":
            return _badly_lit(scene)


def _tilted(scene: Image) -> Image:
    """Turn it by 25 degrees and hold it askew, as somebody in a hurry does."""
    turn = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), 25, 1.0)
    turned = cv2.warpAffine(scene, turn, (WIDTH, HEIGHT), borderValue=JACKET)
    corners = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float32)
    moved = np.array([[0, 0], [WIDTH, 110], [WIDTH, HEIGHT - 110], [0, HEIGHT]], np.float32)
    askew = cv2.getPerspectiveTransform(corners, moved)
    return np.asarray(
        cv2.warpPerspective(turned, askew, (WIDTH, HEIGHT), borderValue=JACKET), np.uint8
    )


def _badly_lit(scene: Image) -> Image:
    """Little light, from one side, and the noise of a sensor that makes the most of it."""
    light = np.linspace(0.12, 0.45, WIDTH)[np.newaxis, :]
    noise = np.random.default_rng(7).normal(0, 5, scene.shape)
    return np.asarray(np.clip(scene * light + noise + 8, 0, 255), np.uint8)
