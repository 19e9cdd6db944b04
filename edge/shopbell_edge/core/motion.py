"""Which frames of a camera are worth decoding.

Owns: what counts as motion, and when a frame is searched though nothing moved.
Never: sees a picture. It is told by two numbers how much one differs from the one decoded last.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Look(Enum):
    """What to look for in a frame."""

    NOTHING = "nothing"
    PASSES = "passes"
    EVERYTHING = "everything"
    """Passes and the barcodes that may be loyalty numbers: some ten times the work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How a frame differs from the one that was decoded last, in grey levels (0 … 255).

    Both are of a small picture: each of its pixels is the mean of some 16 x 16 of the camera's.
    """

    peak: float
    """Of the few pixels that differ most, the one that differs least: a single one may be noise."""
    typical: float
    """Of all pixels, the mean: noise, or light that changes everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRules:
    """When a frame is decoded. Milliseconds."""

    pace_ms: int = 60
    """Between two frames that are looked at at all: at most 16 a second, every second one of a usual
    camera. The worst wait for a decoding after motion is this and one frame: 60 + 66 at 15 a second."""
    settle_ms: int = 3_000
    """After the last motion every frame is decoded for so long: a phone held still, until the hand has
    found the distance at which the picture is sharp."""
    idle_ms: int = 500
    """Without motion, between two decodings: two a second find what motion did not show (a pass taped
    before the camera, a screen that dimly lights up), at an eighth of the work."""
    retail_ms: int = 500
    """Between two searches for barcodes as well: a number lies under a camera for longer than that."""
    idle_retail_ms: int = 2_000
    """The same without motion, in the next frame that is decoded: such a search is ten times the work, and a
    taped number can wait."""
    least: float = 4.0
    """Grey levels that are motion at any rate of noise. A sensor in the dark (sigma 12) is noisy by
    12 / 16 = 0.75 in a pixel of the small picture, by 1.1 in a difference, 3.6 times that among 3 600;
    the dark half of a pass before a counter differs by 10 even at a tenth of the light."""
    times: float = 4.0
    """Times the typical difference: where all changes alike (a lamp that flickers), what moves is more.
    For noise the factor is 4.5 = 3.6 / 0.8, which `least` holds back until the mean is 1."""
    flood: float = 8.0
    """Typical difference that is motion whatever the peak: the light went on, or the camera was turned."""


class Gate:
    """Of one camera. Times handed in are of one clock and do not run backwards."""

    __slots__ = ("_decoded_ms", "_looked_ms", "_moved_ms", "_retail", "_retail_ms", "_rules")

    def __init__(self, *, retail: bool, rules: GateRules | None = None) -> None:
        self._rules = rules or GateRules()
        self._retail = retail
        self._looked_ms: int | None = None
        self._decoded_ms: int | None = None
        self._retail_ms: int | None = None
        self._moved_ms: int | None = None

    def due(self, now_ms: int) -> bool:
        """Return whether a frame that came now is to be looked at; if not, nobody need unpack it."""
        return self._looked_ms is None or now_ms - self._looked_ms >= self._rules.pace_ms

    def look(self, now_ms: int, change: Change | None) -> Look:
        """Return what to look for in a frame that differs by `change`; None for the first frame."""
        rules = self._rules
        self._looked_ms = now_ms
        if change is None or self._is_motion(change):
            self._moved_ms = now_ms
        moving = self._moved_ms is not None and now_ms - self._moved_ms <= rules.settle_ms
        if not (moving or _past(self._decoded_ms, now_ms, rules.idle_ms)):
            return Look.NOTHING
        self._decoded_ms = now_ms
        every_ms = rules.retail_ms if moving else rules.idle_retail_ms
        if not (self._retail and _past(self._retail_ms, now_ms, every_ms)):
            return Look.PASSES
        self._retail_ms = now_ms
        return Look.EVERYTHING

    def _is_motion(self, change: Change) -> bool:
        rules = self._rules
        if change.typical >= rules.flood:
            return True
        return change.peak >= max(rules.least, rules.times * change.typical)


def _past(then_ms: int | None, now_ms: int, wait_ms: int) -> bool:
    return then_ms is None or now_ms - then_ms >= wait_ms
