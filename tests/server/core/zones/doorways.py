"""A door with receivers on both sides, and recordings of somebody who goes in and out, drawn from numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shopbell_server.core.zones.side_training import SideRun

if TYPE_CHECKING:
    from numpy.typing import NDArray

INSIDE = np.array([False, False, True, True, True])
RECEIVERS = len(INSIDE)
UP = np.ones(RECEIVERS, dtype=bool)
STAY_S = 12.0


def recording(
    seed: int,
    *,
    seconds: float = 48.0,
    tick_s: float = 0.1,
    shade_db: float = 0.0,
    loss: float = 0.1,
) -> SideRun:
    """Return a run that begins inside and changes sides every STAY_S.

    The near side is heard 12 dB stronger; `shade_db` is taken off every outer receiver; spread 2 dB.
    """
    draw = np.random.default_rng(seed)
    at_s = np.arange(round(seconds / tick_s), dtype=np.float64) * np.float64(tick_s)
    inside = 1 - (at_s // STAY_S).astype(np.int64) % 2
    near = (inside[:, None] == 1) == INSIDE
    dbm = np.where(near, -60.0, -72.0) - np.where(INSIDE, 0.0, shade_db)
    dbm = np.round(dbm + draw.normal(0.0, 2.0, dbm.shape))
    return SideRun(
        carrier="trolley",
        at_s=at_s,
        rssi_dbm=np.where(draw.random(dbm.shape) < loss, np.nan, dbm),
        inside=inside,
    )


def share_right(judged: NDArray[np.bool_], run: SideRun) -> float:
    return float((judged == (run.inside == 1)).mean())
