"""Shadowing: what stands about takes more of a signal here than two steps further on.

Owns: a Gaussian field per receiver, smooth in space and fixed in time.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

WAVES: Final = 48
"""Cosines that make up a field: their sum is Gaussian within a per cent."""


class ShadowField:
    """A field of mean 0 and sd 1, correlated as exp(-d^2 / 2 L^2) over a distance d."""

    __slots__ = ("_phases", "_waves_x", "_waves_y")

    def __init__(self, rng: Generator, decorrelation_m: float) -> None:
        # Random Fourier features: wave vectors of this spread give that correlation.
        self._waves_x = rng.normal(0, 1 / decorrelation_m, WAVES)
        self._waves_y = rng.normal(0, 1 / decorrelation_m, WAVES)
        self._phases = rng.uniform(0, math.tau, WAVES)

    def at(self, xs: NDArray[np.float64], ys: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the field at each place (metres), in units of its standard deviation."""
        total = np.zeros(np.shape(xs))
        for kx, ky, phase in zip(self._waves_x, self._waves_y, self._phases, strict=True):
            total += np.cos(kx * xs + ky * ys + phase)
        return total * math.sqrt(2 / WAVES)
