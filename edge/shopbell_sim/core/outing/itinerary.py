"""Where somebody is at every moment of an outing, decided in advance.

Owns: ways and stops as one line through time; where she is, which way she faces and whether she walks.
Never: why she goes there (`shopping`, `passing`), or her phone (`handset`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.random import Generator
    from numpy.typing import NDArray

    from shopbell_sim.core.site.site import Place, Site

SHOP_M_PER_S: Final = 1.2
"""In shops; 1.4 in the street."""

STREET_M_PER_S: Final = 1.4

TURN_S: Final = (4.0, 16.0)
"""Who looks at a shelf turns a little every so many seconds: to a cart, a child, the next shelf."""

TURN_RAD: Final = 0.7
"""By so much, as a standard deviation: 40 degrees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Somebody at many moments, one row each: metres, radians, and whether she walks."""

    levels: NDArray[np.int64]
    xs: NDArray[np.float64]
    ys: NDArray[np.float64]
    headings_rad: NDArray[np.float64]
    moving: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Itinerary:
    """A line through time: at `times_s[i]` she is at knot i, and goes straight to the next from there."""

    times_s: NDArray[np.float64]
    levels: NDArray[np.int64]
    xs: NDArray[np.float64]
    ys: NDArray[np.float64]
    headings_rad: NDArray[np.float64]
    moving: NDArray[np.bool_]

    @property
    def begins_s(self) -> float:
        """When she comes into the picture."""
        return float(self.times_s[0])

    @property
    def ends_s(self) -> float:
        """When she is out of it."""
        return float(self.times_s[-1])

    def at(self, times_s: NDArray[np.float64]) -> Whereabouts:
        """Return where she is at each of `times_s`; before the first knot and after the last at those."""
        knot = np.clip(
            np.searchsorted(self.times_s, times_s, side="right") - 1, 0, len(self.times_s) - 1
        )
        return Whereabouts(
            levels=self.levels[knot],
            xs=np.interp(times_s, self.times_s, self.xs),
            ys=np.interp(times_s, self.times_s, self.ys),
            headings_rad=self.headings_rad[knot],
            moving=self.moving[knot],
        )

    def beside(self, aside_m: float, late_s: float) -> Itinerary:
        """Return the way of whoever walks with her, `aside_m` to the right and `late_s` behind."""
        return Itinerary(
            times_s=self.times_s + late_s,
            levels=self.levels,
            xs=self.xs + aside_m,
            ys=self.ys,
            headings_rad=self.headings_rad,
            moving=self.moving,
        )


class Walk:
    """Puts an itinerary together, from `at` at `now_s` on. Changed in place."""

    def __init__(self, at: Place, now_s: float, *, pace: float = 1.0) -> None:
        """`pace` is how fast she walks, 1 as most do."""
        self._pace = pace
        self._knots: list[tuple[float, int, float, float, float, bool]] = []
        self.at = at
        self.now_s = now_s
        self._heading_rad = 0.0

    def go(self, site: Site, corners: Iterable[Place]) -> None:
        """Walk along `corners`; a change of level takes what the stairs take."""
        for corner in corners:
            heading = math.atan2(corner.y - self.at.y, corner.x - self.at.x)
            if corner.level != self.at.level:
                takes_s = _stairs_s(site, self.at, corner) / self._pace
            else:
                outside = site.is_outside(self.at) and site.is_outside(corner)
                speed = (STREET_M_PER_S if outside else SHOP_M_PER_S) * self._pace
                takes_s = math.hypot(corner.x - self.at.x, corner.y - self.at.y) / speed
            if takes_s == 0:
                continue
            self._knot(heading, moving=True)
            self.now_s += takes_s
            self.at = corner
            self._heading_rad = heading

    def stand(self, for_s: float, faces_rad: float | None, rng: Generator) -> None:
        """Stay where she is; None: she looks where she went. She turns a little now and then."""
        faces = self._heading_rad if faces_rad is None else faces_rad
        until_s = self.now_s + for_s
        while self.now_s < until_s:
            self._knot(faces + TURN_RAD * float(rng.standard_normal()), moving=False)
            self.now_s = min(self.now_s + float(rng.uniform(*TURN_S)), until_s)
        self._heading_rad = faces

    def itinerary(self) -> Itinerary:
        """Return the whole of it. There must have been a way or a stop."""
        self._knot(self._heading_rad, moving=False)
        times, levels, xs, ys, headings, moving = zip(*self._knots, strict=True)
        return Itinerary(
            times_s=np.array(times),
            levels=np.array(levels, dtype=np.int64),
            xs=np.array(xs),
            ys=np.array(ys),
            headings_rad=np.array(headings),
            moving=np.array(moving, dtype=np.bool_),
        )

    def _knot(self, heading_rad: float, *, moving: bool) -> None:
        at = self.at
        self._knots.append((self.now_s, at.level, at.x, at.y, heading_rad, moving))


def _stairs_s(site: Site, here: Place, there: Place) -> float:
    """Return how long the stairs between two levels take; they are the ones that begin here."""
    ends = {here, there}
    return next(
        (each.takes_s for each in site.stairs if {each.below, each.above} == ends), UNKNOWN_STAIRS_S
    )


UNKNOWN_STAIRS_S: Final = 20.0
"""Between levels without stairs of their own: an escalator's time."""
