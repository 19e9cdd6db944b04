"""A recorded door: the side of each receiver, and on which side a beacon truly was.

Owns: reading `NAME.truth.csv`, plain or gzipped: `t,inside`, 1 or 0.
Never: events, or what is learned from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shopbell_program.commands import CommandError
from shopbell_sim.adapters.recorded_rows import number, rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from shopbell_sim.adapters.recorded_site import DoorFile


class Sides(NamedTuple):
    """Where a beacon truly was, in the order of the file."""

    at_s: NDArray[np.float64]
    inside: NDArray[np.int64]


def sides_of(path: Path, site: DoorFile, names: Sequence[str]) -> NDArray[np.bool_]:
    """Return of each of these receivers whether it is inside."""
    unknown = [each for each in names if each not in site.receivers]
    if unknown:
        raise CommandError(
            f"{path}: no receiver {', '.join(unknown)}; it has {', '.join(site.receivers)}"
        )
    inside = np.array([site.receivers[each].side == "inside" for each in names], dtype=np.bool_)
    if inside.all() or not inside.any():
        raise CommandError(f"{path}: a door needs receivers on both of its sides; add the others")
    return inside


def truth_beside(events: Path) -> Path | None:
    """Return the file of the truth beside a recording's file of events, None if nobody recorded it."""
    stem = events.name.partition(".events.csv")[0]
    beside = (events.with_name(f"{stem}.truth.csv{more}") for more in ("", ".gz"))
    return next((path for path in beside if path.is_file()), None)


def read_sides(path: Path) -> Sides:
    """Return what a file of the truth says."""
    at, inside = [], []
    for place, row in rows(path, ("t", "inside")):
        side = number(place, row, "inside")
        if side not in {0.0, 1.0}:
            raise CommandError(f"{place}: inside {side:g}; write 1 for inside, 0 for outside")
        at.append(number(place, row, "t"))
        inside.append(int(side))
    return Sides(at_s=np.array(at), inside=np.array(inside, dtype=np.int64))
