"""What does not change in a day: the loss from every place of a site to every receiver.

Owns: path loss by what lies between, walls, ceilings and shadowing, worked out once on a grid.
Never: bodies, fading, or time (`receptions`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_sim.core.ether.between import racks_between, walls_between
from shopbell_sim.core.ether.numbers import NEAREST_M
from shopbell_sim.core.ether.shadowing import ShadowField
from shopbell_sim.core.site.site import LEVEL_M
from shopbell_sim.core.site.ways import MARGIN_M

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from shopbell_sim.core.ether.numbers import Ether
    from shopbell_sim.core.site.site import LevelPlan, Receiver, Site

    Numbers = NDArray[np.float64]

CELL_M: Final = 0.25
"""Of the grid: a tenth of what shadowing takes to change."""

PHONE_M: Final = 1.1
"""Above the floor: a hand, a pocket, a bag on a shoulder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Between places (rows) and receivers (columns): the loss beyond 1 m, metres, and racks between."""

    loss_db: Numbers
    metres: Numbers
    racks: Numbers


class LossMap:
    """The loss map of `site`; each receiver has a shadowing field of its own on every level."""

    def __init__(self, site: Site, ether: Ether, rng: Generator) -> None:
        self._site = site
        self._levels = {
            level.number: [_column(site, level, each, ether, rng) for each in site.receivers]
            for level in site.levels
        }

    def at(self, levels: NDArray[np.int64], xs: Numbers, ys: Numbers) -> Lost:
        """Return what is lost from each place; one beyond the grid counts as at its edge."""
        shape = (len(xs), len(self._site.receivers))
        loss_db, racks, metres = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for number, columns in self._levels.items():
            here = np.flatnonzero(levels == number)
            if not len(here):
                continue
            for index, column in enumerate(columns):
                cells = column.cells(xs[here], ys[here])
                loss_db[here, index] = column.loss_db[cells]
                racks[here, index] = column.racks[cells]
                metres[here, index] = _metres(
                    self._site.receivers[index], number, xs[here], ys[here]
                )
        return Lost(loss_db=loss_db, metres=metres, racks=racks)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """One receiver on one level, row by row from the far left."""

    left: float
    top: float
    wide: int
    high: int
    loss_db: Numbers
    racks: Numbers

    def cells(self, xs: Numbers, ys: Numbers) -> NDArray[np.int64]:
        columns = np.clip(((xs - self.left) / CELL_M).astype(np.int64), 0, self.wide - 1)
        rows = np.clip(((ys - self.top) / CELL_M).astype(np.int64), 0, self.high - 1)
        return rows * self.wide + columns


def _column(
    site: Site, level: LevelPlan, receiver: Receiver, ether: Ether, rng: Generator
) -> _Column:
    outdoors = level is site.ground
    left = -MARGIN_M if outdoors else 0.0
    right = level.width_m + (MARGIN_M if outdoors else 0.0)
    bottom = level.depth_m + (site.street_m if outdoors else 0.0)
    wide, high = math.ceil((right - left) / CELL_M), math.ceil(bottom / CELL_M)
    grid_x, grid_y = np.meshgrid(
        left + (np.arange(wide) + 0.5) * CELL_M, (np.arange(high) + 0.5) * CELL_M
    )
    xs, ys = grid_x.ravel(), grid_y.ravel()
    racks, walls_db = _obstacles(site, level, receiver, xs, ys)
    exponent = np.minimum(
        ether.exponent_open + ether.exponent_per_rack * racks, ether.exponent_most
    )
    metres = np.maximum(_metres(receiver, level.number, xs, ys), NEAREST_M)
    # Within the first metre nothing stands between; a higher exponent would make it nearer.
    exponent = np.where(metres < 1, ether.exponent_open, exponent)
    shadow_db = ether.shadowing_sd_db * ShadowField(rng, ether.decorrelation_m).at(xs, ys)
    loss_db = 10 * exponent * np.log10(metres) + walls_db + shadow_db
    return _Column(left=left, top=0.0, wide=wide, high=high, loss_db=loss_db, racks=racks)


def _obstacles(
    site: Site, level: LevelPlan, receiver: Receiver, xs: Numbers, ys: Numbers
) -> tuple[Numbers, Numbers]:
    """Return racks and dB of walls between; through ceilings the slabs count, and racks do not."""
    at = receiver.at
    slabs = abs(level.number - at.level)
    if slabs:
        return np.zeros(len(xs)), np.full(len(xs), slabs * site.slab_db)
    return (
        racks_between(xs, ys, at.x, at.y, level.racks),
        walls_between(xs, ys, at.x, at.y, level.walls),
    )


def _metres(receiver: Receiver, level: int, xs: Numbers, ys: Numbers) -> Numbers:
    up_m = (level - receiver.at.level) * LEVEL_M + PHONE_M - receiver.height_m
    return np.sqrt((xs - receiver.at.x) ** 2 + (ys - receiver.at.y) ** 2 + up_m**2)
