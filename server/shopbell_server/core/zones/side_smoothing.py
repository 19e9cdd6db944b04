"""The side at every moment of a visit that is over, looking back over the whole of it.

Owns: forward-backward over the two sides.
Never: what the moments say: that is the live engine's judgement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def smoothed(
    log_odds: NDArray[np.float64], elapsed_s: NDArray[np.float64], stay_s: float
) -> NDArray[np.float64]:
    """Return the probability of inside (moments, devices), given what all moments say.

    `log_odds` (moments, devices) is the evidence of each moment alone: log of the probability of what
    was heard, if inside, over that if outside. `elapsed_s` (moments) is the time since the moment before;
    its first is not looked at. Either side lasts `stay_s` in the mean.
    """
    swap = -0.5 * np.expm1(-2 * elapsed_s / stay_s)
    ahead = np.empty_like(log_odds)
    behind = np.zeros_like(log_odds)
    before = np.zeros(log_odds.shape[1])
    for moment, evidence in enumerate(log_odds):
        before = _moved(before, swap[moment] if moment else 0.0) + evidence
        ahead[moment] = before
    for moment in range(len(log_odds) - 2, -1, -1):
        behind[moment] = _moved(behind[moment + 1] + log_odds[moment + 1], swap[moment + 1])
    chance: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(ahead + behind, -30, 30)))
    return chance


def _moved(log_odds: NDArray[np.float64], swap: float) -> NDArray[np.float64]:
    """Return the log-odds after a time in which the side changed with probability `swap`."""
    inside = 1 / (1 + np.exp(-np.clip(log_odds, -30, 30)))
    inside = inside * (1 - swap) + (1 - inside) * swap
    moved: NDArray[np.float64] = np.log(inside) - np.log1p(-inside)
    return moved
