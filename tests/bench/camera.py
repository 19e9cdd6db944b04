"""How many frames a second the live loop decodes, beside zxing-cpp alone, and how many passes it reads."""

from __future__ import annotations

import time
from random import Random
from statistics import median
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import zxingcpp

from shopbell_edge.adapters.camera.decoding import PASSES, in_frame
from shopbell_sim.adapters.show_pass import modules
from tests.bench.report import Report, at_least, figure

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

TITLE: Final = "Edge: camera"
MEASURES: Final = (
    "The live loop's decoder on frames of 1280 x 720 in colour with a textured ground: passes at about "
    "150 pixels, slightly blurred and noisy, turned up to 20°, anywhere in the frame; and the same ground "
    "without a code, as nearly all frames are. Beside it, in turns, zxing-cpp's own call on the same "
    "frames."
)
WHY: Final = ""

FRAMES_PER_S: Final = 15.0
READ: Final = 0.99

WIDTH: Final = 1280
HEIGHT: Final = 720
CODE_PIXELS: Final = 150
FRAMES: Final = 100
ROUNDS: Final = 3

GRAIN: Final = np.random.default_rng(9).normal(0, 6, (HEIGHT, WIDTH, 3)).astype(np.int16)


async def measure(*, long: bool) -> Report:
    frames = {text: with_pass(text, number) for number, text in enumerate(passes(FRAMES))}
    empty = [ground(number) for number in range(FRAMES // 4)]
    read = sum(
        [code.text for code in in_frame(frame, retail=False)] == [text]
        for text, frame in frames.items()
    )
    if long:
        more = passes(10 * FRAMES)[FRAMES:]
        read += sum(
            [code.text for code in in_frame(with_pass(text, number), retail=False)] == [text]
            for number, text in enumerate(more, FRAMES)
        )
    looked_at = 10 * FRAMES if long else FRAMES
    shown = list(frames.values())
    ours: list[float] = []
    alone: list[float] = []
    without: list[float] = []
    for _ in range(ROUNDS):
        ours.append(per_s(lambda frame: in_frame(frame, retail=False), shown))
        alone.append(per_s(zxing_alone, shown))
        without.append(per_s(lambda frame: in_frame(frame, retail=False), empty))
    ratio = [one / other for one, other in zip(ours, alone, strict=True)]
    return Report(
        title=TITLE,
        measures=MEASURES,
        figures=(
            figure("live decoder, a pass in each frame", "frames/s", ours),
            figure("zxing-cpp alone, same frames", "frames/s", alone),
            figure("ratio", "", ratio),
            figure("live decoder, no code in the frame", "frames/s", without),
        ),
        verdicts=(
            at_least("frames with a pass", median(ours), FRAMES_PER_S, "frames/s"),
            at_least("frames without a code", median(without), FRAMES_PER_S, "frames/s"),
            at_least(f"share of {looked_at} passes that was read", read / looked_at, READ),
        ),
        notes=("on one core; capture is not in it: there is no camera here",),
        why=WHY,
    )


def passes(count: int) -> list[str]:
    rng = Random(5)
    return [
        f"SB1.{''.join(rng.choices('0123456789ABCDEFGHJKMNPQRSTVWXYZ', k=13))}"
        f".{1_795_262_400 + number}.{rng.randrange(10**8):08d}"
        for number in range(count)
    ]


def ground(number: int) -> NDArray[np.uint8]:
    """Return a counter: smooth texture at all brightnesses."""
    rng = np.random.default_rng(number)
    coarse = rng.integers(40, 200, (HEIGHT // 20, WIDTH // 20, 3), np.uint8)
    large = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return noisy(np.asarray(large, np.uint8), rng)


def with_pass(text: str, number: int) -> NDArray[np.uint8]:
    """Return a frame in which somebody holds up a pass."""
    rng = np.random.default_rng(number)
    bits = np.pad(np.array(modules(text), bool), 4)
    code = np.where(bits, 24, 240).astype(np.uint8)
    # The whole sign with its margin; the code itself is CODE_PIXELS wide.
    side = CODE_PIXELS * len(bits) / (len(bits) - 8)
    middle = (rng.uniform(150, WIDTH - 150), rng.uniform(150, HEIGHT - 150))
    turn = cv2.getRotationMatrix2D(
        (len(bits) / 2, len(bits) / 2), rng.uniform(-20, 20), side / len(bits)
    )
    turn[0, 2] += middle[0] - len(bits) / 2
    turn[1, 2] += middle[1] - len(bits) / 2
    frame = ground(number)
    size = (WIDTH, HEIGHT)
    drawn = cv2.warpAffine(code, turn, size, flags=cv2.INTER_AREA)
    mask = cv2.warpAffine(np.full_like(code, 255), turn, size)
    frame[mask > 127] = drawn[mask > 127][:, None]
    return noisy(np.asarray(cv2.GaussianBlur(frame, (0, 0), 0.7), np.uint8), rng)


def noisy(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    # One grain for all frames, shifted: to draw three million numbers for each takes longer than to decode.
    shift = tuple(rng.integers(0, (HEIGHT, WIDTH)))
    return np.asarray(np.clip(image + np.roll(GRAIN, shift, (0, 1)), 0, 255), np.uint8)


def zxing_alone(frame: NDArray[np.uint8]) -> object:
    return zxingcpp.read_barcodes(frame, formats=zxingcpp.BarcodeFormats((PASSES,)))


def per_s(decode: Callable[[NDArray[np.uint8]], object], frames: list[NDArray[np.uint8]]) -> float:
    began = time.perf_counter()
    for frame in frames:
        decode(frame)
    return len(frames) / (time.perf_counter() - began)
