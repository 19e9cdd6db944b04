"""What one device has taught about its receivers: by how much each differs from the map.

Owns: one offset and one slope per receiver and device, learnt while the device walks; the level that
all receivers of a device share.
Never: where the device is; it is told with which probability it is where.

A Bayesian regression in which all receivers lean on one another: each differs from what they share, and
what they share, the device's level, differs from the map (`radio_map.Doubt`). Only sums are kept, so order
does not matter and a device costs six numbers per receiver.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shopbell_server.core.zones.radio_map import Doubt

LESSON_PER_S: Final = 1 / (4.0**2 * 16.0)
"""What a second of hearing a receiver teaches about it, in 1/dB². Walking a second shows the same shadow
again: 4 dB of it last for about 16 s. Taught 4 times as much, a device on a straight line talks itself
into a wrong place; 4 times as little, and two minutes are not enough."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lessons:
    """Sums over what was heard, [devices, receivers, 2, 2] and [devices, receivers, 2]: offset, slope."""

    weight: NDArray[np.float64]
    pull: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learnt:
    """What devices have taught, the level that they share included."""

    mean: NDArray[np.float64]
    """[devices, receivers, 2]: offset (dB) and slope of each receiver."""

    covariance: NDArray[np.float64]
    """[devices, receivers, 2, 2]"""

    level_db: NDArray[np.float64]
    """[devices]: the offset that all receivers share, of a phone that is loud or faint."""

    level_sd_db: NDArray[np.float64]
    """[devices]"""

    follows: NDArray[np.float64]
    """[devices, receivers, 2]: by how much offset and slope grow for each dB of the level: 1 and 0 for a
    receiver that has taught nothing, less for one that is known by itself."""


def no_lessons(devices: int, receivers: int) -> Lessons:
    """Return what devices have taught that were never heard."""
    return Lessons(
        weight=np.zeros((devices, receivers, 2, 2)), pull=np.zeros((devices, receivers, 2))
    )


def learnt(lessons: Lessons, doubt: Doubt) -> Learnt:
    """Return what follows from the lessons; without any it is the doubt itself around zero."""
    own = np.diag([doubt.own_db**-2, doubt.own_slope**-2])
    shared = np.diag([doubt.shared_db**-2, doubt.shared_slope**-2])
    alone = np.linalg.inv(own + lessons.weight)
    kept = alone @ own
    told = np.swapaxes(kept, 2, 3)
    together = np.linalg.inv(shared + (told @ lessons.weight).sum(axis=1))
    common = together @ (told @ lessons.pull[..., None]).sum(axis=1)
    mean = alone @ lessons.pull[..., None] + kept @ common[:, None]
    covariance = alone + kept @ together[:, None] @ told
    level_sd_db = np.sqrt(together[:, 0, 0])
    follows = kept @ together[:, None, :, :1] / np.square(level_sd_db)[:, None, None, None]
    return Learnt(
        mean=mean[..., 0],
        covariance=covariance,
        level_db=common[:, 0, 0],
        level_sd_db=level_sd_db,
        follows=follows[..., 0],
    )


def picked(known: Learnt, which: NDArray[np.intp] | NDArray[np.bool_]) -> Learnt:
    """Return what these devices have taught, in this order."""
    return Learnt(
        mean=known.mean[which],
        covariance=known.covariance[which],
        level_db=known.level_db[which],
        level_sd_db=known.level_sd_db[which],
        follows=known.follows[which],
    )


def taught(
    lessons: Lessons,
    receiver: int,
    residual_db: NDArray[np.float64],
    slope_basis_db: NDArray[np.float64],
    weight: NDArray[np.float64],
) -> None:
    """Add one receiver's readings to `lessons`, in place.

    `residual_db` and `weight` are [devices, cells]: reading less map, and the probability of the cell
    times what the reading is worth (1/dB², zero for a device that was not heard); `slope_basis_db` is
    [cells].
    """
    sloped = weight * slope_basis_db
    cross = sloped.sum(axis=1)
    lessons.weight[:, receiver, 0, 0] += weight.sum(axis=1)
    lessons.weight[:, receiver, 0, 1] += cross
    lessons.weight[:, receiver, 1, 0] += cross
    lessons.weight[:, receiver, 1, 1] += sloped @ slope_basis_db
    lessons.pull[:, receiver, 0] += (weight * residual_db).sum(axis=1)
    lessons.pull[:, receiver, 1] += (sloped * residual_db).sum(axis=1)
