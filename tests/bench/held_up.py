"""Frames in which somebody holds up a pass: as cameras see it when light, hand and distance are not kind.

Each frame is made of numbers alone: its kind, its number, and `SEED`.
"""

from __future__ import annotations

from math import ceil
from random import Random
from typing import TYPE_CHECKING, Final

import cv2
import msgspec
import numpy as np

from shopbell_sim.adapters.show_pass import modules

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]
    Light = NDArray[np.float32]

SEED: Final = 20_260_807

WIDTH: Final = 1280
HEIGHT: Final = 720
CODE_PIXELS: Final = 150
DARK: Final = 24
BRIGHT: Final = 240

MOST_TILT: Final = 45.0
MOST_BLUR: Final = 1.8
MOST_MOTION: Final = 9.0
MOST_NOISE: Final = 25.0
LEAST_LIGHT: Final = 0.1

SHARP: Final = 0.7
"""Sigma of a lens in focus, in pixels."""

QUIET: Final = 4.0
"""Sigma of a sensor's noise in good light, in grey levels."""

SHIFT: Final = 256
GRAIN: Final = (
    np.random.default_rng(SEED).normal(0, 1, (HEIGHT + SHIFT, WIDTH + SHIFT)).astype(np.float32)
)
"""One grain for all frames, shifted: to draw a million numbers for each takes longer than to decode it."""

MARGIN: Final = 24
"""Pixels around a pass in which motion and blur are drawn. The counter is so smooth that it hides them."""

FINE: Final = 4
"""A code is drawn so many times as large, then averaged: edges lie between pixels."""


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """How a pass is held: degrees, pixels, grey levels, share of the light."""

    turn: float = 0.0
    tilt: float = 0.0
    blur: float = SHARP
    motion: float = 0.0
    noise: float = QUIET
    light: float = 1.0


KINDS: Final[dict[str, Callable[[Random], Hold]]] = {
    "undistorted": lambda dice: Hold(turn=_askew(dice)),
    "turned, any way up": lambda dice: Hold(turn=dice.uniform(-180, 180)),
    "tilted up to 45°": lambda dice: Hold(turn=_askew(dice), tilt=dice.uniform(0, MOST_TILT)),
    "blurred up to sigma 1.8": lambda dice: Hold(
        turn=_askew(dice), blur=dice.uniform(SHARP, MOST_BLUR)
    ),
    "moved up to 9 pixels": lambda dice: Hold(
        turn=_askew(dice), motion=dice.uniform(0, MOST_MOTION)
    ),
    "noisy up to sigma 25": lambda dice: Hold(
        turn=_askew(dice), noise=dice.uniform(QUIET, MOST_NOISE)
    ),
    "dark down to a tenth, sigma 4 to 8": lambda dice: Hold(
        turn=_askew(dice), light=dice.uniform(LEAST_LIGHT, 0.4), noise=dice.uniform(QUIET, 8)
    ),
    "all of these at once": lambda dice: Hold(
        turn=_askew(dice),
        tilt=dice.uniform(0, MOST_TILT),
        blur=dice.uniform(SHARP, MOST_BLUR),
        motion=dice.uniform(0, MOST_MOTION),
        noise=dice.uniform(QUIET, 12),
        light=dice.uniform(0.3, 1),
    ),
}
"""What is drawn is drawn evenly between the best and the worst. With all at once noise and darkness stop
half way: at the worst of everything people see no code either."""


def _askew(dice: Random) -> float:
    return dice.uniform(-20, 20)


def passes(count: int) -> list[str]:
    """Return the codes of as many passes."""
    rng = Random(SEED)
    return [
        f"SB1.{''.join(rng.choices('0123456789ABCDEFGHJKMNPQRSTVWXYZ', k=13))}"
        f".{1_795_262_400 + number}.{rng.randrange(10**8):08d}"
        for number in range(count)
    ]


def frame(kind: str, number: int, text: str | None, take: int = 0) -> Grey:
    """Return frame `number` of its kind, with a pass that says `text`; None for the counter alone.

    `take` is which of several frames of the same hold: the grain of another moment, a pixel or two further.
    """
    dice = Random(f"{SEED} {kind} {number}")
    hold = KINDS[kind](dice)
    scene = _ground(dice)
    moment = Random(f"{SEED} {kind} {number} {take}")
    if text is not None:
        middle = [dice.uniform(150, most - 150) + moment.gauss(0, take) for most in (WIDTH, HEIGHT)]
        around = _draw(scene, text, hold, dice.uniform(0, 180), middle)
        if hold.motion:
            scene[around] = cv2.filter2D(
                scene[around], -1, _path(hold.motion, dice.uniform(0, 180))
            )
        scene[around] = cv2.GaussianBlur(scene[around], (0, 0), hold.blur)
    down, right = moment.randrange(SHIFT), moment.randrange(SHIFT)
    grain = GRAIN[down : down + HEIGHT, right : right + WIDTH]
    return np.asarray(np.clip(scene * hold.light + hold.noise * grain, 0, 255), np.uint8)


def _ground(dice: Random) -> Light:
    """Return a counter: smooth texture at all brightnesses."""
    rng = np.random.default_rng(dice.randrange(2**32))
    coarse = rng.integers(40, 200, (HEIGHT // 20, WIDTH // 20), np.uint8)
    large = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.float32)


def _draw(
    scene: Light, text: str, hold: Hold, axis: float, middle: list[float]
) -> tuple[slice, slice]:
    """Draw a pass with its quiet zone into `scene`, tilted about an axis; return where, with a margin."""
    bits = np.pad(np.array(modules(text), bool), 4)
    count = len(bits)
    code = np.where(bits, DARK, BRIGHT).astype(np.uint8).repeat(8, 0).repeat(8, 1)
    half = CODE_PIXELS * count / (count - 8) / 2
    corners = [
        _seen(half * x, half * y, hold, axis, 8 * half)
        for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    seen = np.array([[middle[0] + x, middle[1] + y] for x, y in corners], np.float32)
    least = np.floor(seen.min(0)).astype(int) - 2
    size = np.ceil(seen.max(0)).astype(int) + 2 - least
    flat = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * len(code)
    drawing = cv2.getPerspectiveTransform(flat, ((seen - least) * FINE).astype(np.float32))
    fine = (int(size[0]) * FINE, int(size[1]) * FINE)
    small = (int(size[0]), int(size[1]))
    drawn = cv2.resize(
        cv2.warpPerspective(code, drawing, fine), small, interpolation=cv2.INTER_AREA
    )
    cover = cv2.warpPerspective(np.full_like(code, 255), drawing, fine)
    share = np.asarray(cv2.resize(cover, small, interpolation=cv2.INTER_AREA), np.float32) / 255
    # A screen that is held half out of the picture is cut off there.
    left, top = max(0, -int(least[0])), max(0, -int(least[1]))
    right, low = min(small[0], WIDTH - int(least[0])), min(small[1], HEIGHT - int(least[1]))
    there = np.s_[least[1] + top : least[1] + low, least[0] + left : least[0] + right]
    here = np.s_[top:low, left:right]
    scene[there] = scene[there] * (1 - share[here]) + drawn[here]
    return _margin(int(least[1]), small[1], HEIGHT), _margin(int(least[0]), small[0], WIDTH)


def _margin(start: int, length: int, most: int) -> slice:
    return slice(max(0, start - MARGIN), min(most, start + length + MARGIN))


def _seen(x: float, y: float, hold: Hold, axis: float, away: float) -> tuple[float, float]:
    """Return where a point of the pass is seen from `away` pixels above its middle."""
    turn, about, tilt = np.radians([hold.turn, axis, hold.tilt])
    x, y = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    across, along = x * np.cos(about) + y * np.sin(about), y * np.cos(about) - x * np.sin(about)
    nearer = away / (away + across * np.sin(tilt))
    across, along = across * np.cos(tilt) * nearer, along * nearer
    return (
        float(across * np.cos(about) - along * np.sin(about)),
        float(across * np.sin(about) + along * np.cos(about)),
    )


def _path(pixels: float, degrees: float) -> Light:
    """Return the kernel of a hand that moves evenly by `pixels` while the shutter is open."""
    side = 2 * ceil(pixels / 2) + 3
    kernel = np.zeros((side, side), np.float32)
    middle, way = side // 2, np.array([np.sin(np.radians(degrees)), np.cos(np.radians(degrees))])
    for at in np.linspace(-pixels / 2, pixels / 2, 201):
        row, column = middle + at * way
        top, left = int(row), int(column)
        for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
            weight = (1 - abs(row - top - down)) * (1 - abs(column - left - right))
            kernel[top + down, left + right] += weight
    return kernel / np.float32(kernel.sum())
