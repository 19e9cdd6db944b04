"""Fast fading and lost packets: what differs from one advertisement to the next.

Owns: Rician fading that is another a hand's breadth or some seconds later, and losses that come in runs.
Never: how strong the steady part is (`loss_map`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

FAINTEST: Final = 1e-6
"""Of the mean power: 60 dB down is not heard, and has a logarithm."""


def scattered(rng: Generator, ages: Numbers, processes: int) -> NDArray[np.complex128]:
    """Return the scattered part of the field at moments that lie `ages` apart, of mean power 1.

    `ages[i]` says how far moment i is from the one before, in units over which fading is forgotten by
    1 / e; that of the first means nothing. One row per moment, one column per independent process.
    """
    shape = (len(ages), processes)
    drawn: NDArray[np.complex128] = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    drawn /= math.sqrt(2)
    kept = np.exp(-ages)
    drawn[1:] *= np.sqrt(1 - kept[1:] ** 2)[:, None]
    for index in range(1, len(ages)):
        drawn[index] += kept[index] * drawn[index - 1]
    return drawn


def fading_db(scattered_part: NDArray[np.complex128], rician_db: Numbers) -> Numbers:
    """Return fading of mean power 0 dB: a steady ray, `rician_db` stronger than what is scattered."""
    ratio = 10 ** (rician_db / 10)
    field = np.sqrt(ratio / (ratio + 1)) + scattered_part * np.sqrt(1 / (ratio + 1))
    fading: Numbers = 10 * np.log10(np.maximum(np.abs(field) ** 2, FAINTEST))
    return fading


def lost_in_runs(rng: Generator, count: int, share: float, run: float) -> NDArray[np.bool_]:
    """Return which of `count` packets are lost: `share` of them, `run` (1 or more) in a row on average."""
    if share <= 0:
        return np.zeros(count, dtype=np.bool_)
    kept_run = max(run * (1 - share) / share, 1.0)
    pairs = int(count / (run + kept_run)) + 16
    while True:
        lengths = np.empty(2 * pairs, dtype=np.int64)
        lengths[0::2] = rng.geometric(1 / kept_run, pairs)
        lengths[1::2] = rng.geometric(1 / run, pairs)
        if lengths.sum() >= 2 * count:
            break
        pairs *= 2
    lost = np.repeat(np.arange(2 * pairs) % 2 == 1, lengths)
    # Begun anywhere in a run, or the first packet would never be lost.
    begin = int(rng.integers(0, count + 1))
    return lost[begin : begin + count]
