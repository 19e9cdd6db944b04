"""Whose scanner hears each device best: a level's of a building, or a zone's of a level.

Owns: that choice, with hysteresis.
Never: where on a level somebody is by all scanners together (`position_filter`).

A ceiling takes 10 to 20 dB, so the level of the scanner that hears a device best is hers. Its zone mostly
is, too: that needs no map, no level of the phone and no line of sight to any other scanner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shopbell_server.core.zones.site import Site

UNKNOWN: Final = -1
"""Of a device that no scanner of the plan has heard yet."""

CHANGE_DB: Final = 6.0
"""Another one must hear her better by this: a hand over the phone costs one scanner 4 to 10 dB for seconds,
and beside a staircase two levels are heard alike. Stores without a plan choose zones by as much."""


def storeys_of(
    site: Site, held_dbm: NDArray[np.float64], before: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return the level of each device at each tick; as `best_heard`, for the site's levels."""
    return best_heard([storey.columns for storey in site.storeys], held_dbm, before)


def best_heard(
    groups: Sequence[Sequence[int]], held_dbm: NDArray[np.float64], before: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return of which group a scanner hears each device best at each tick: [ticks, devices].

    `held_dbm` is [ticks, devices, scanners], a group is some of its columns, `before` is [devices], the one
    before or `UNKNOWN`. Who is not heard stays where she was.
    """
    ticks, devices, _ = held_dbm.shape
    best = np.stack(
        [
            np.where(np.isfinite(its), its, -np.inf).max(axis=2, initial=-np.inf)
            for its in (held_dbm[:, :, list(group)] for group in groups)
        ],
        axis=2,
    )
    where = np.empty((ticks, devices), dtype=np.intp)
    now = before
    for tick in range(ticks):
        loudest = best[tick].argmax(axis=1)
        of_best = best[tick].max(axis=1)
        of_now = np.where(
            now == UNKNOWN, -np.inf, best[tick][np.arange(devices), np.maximum(now, 0)]
        )
        moves = np.isfinite(of_best) & ((of_best > of_now + CHANGE_DB) | ~np.isfinite(of_now))
        now = np.where(moves, loudest, now)
        where[tick] = now
    return where
