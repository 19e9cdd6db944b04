"""What receivers heard in one recording: `NAME.events.csv`, plain or gzipped.

Owns: the file's form: `t,rx,beacon,rssi`, sorted by t.
Never: what is made of it.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_program.commands import CommandError
from shopbell_sim.adapters.recorded_rows import number, rows

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from numpy.typing import NDArray

SUFFIXES: Final = (".events.csv", ".events.csv.gz")

_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}")
"""Of a beacon: it becomes part of a file's name."""


LONGEST_S: Final = 7 * 86_400.0
"""Of a recording. Each second of it takes room, heard or not; in milliseconds ten minutes would be a week."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recording:
    """One recording's readings, in order of time; arrays are as long as one another."""

    name: str
    beacons: tuple[str, ...]
    at_s: NDArray[np.float64]
    receiver: tuple[str, ...]
    beacon: NDArray[np.intp]
    """Index in `beacons`."""

    rssi_dbm: NDArray[np.float64]


def recordings_in(folder: Path) -> list[Path]:
    """Return the files of a folder's recordings, in order of their names."""
    if not folder.is_dir():
        raise CommandError(f"{folder}: is no folder; name one with site.json and *.events.csv[.gz]")
    found = sorted(each for each in folder.iterdir() if each.name.endswith(SUFFIXES))
    if not found:
        raise CommandError(
            f"{folder}: no *.events.csv or *.events.csv.gz; name a folder that has one"
        )
    return found


def read_recording(path: Path, known: Collection[str]) -> Recording:
    """Return what `known` receivers heard; lines of others are left out, and that is said."""
    first_s: float | None = None
    at: list[float] = []
    receivers: list[str] = []
    beacons: dict[str, int] = {}
    beacon: list[int] = []
    rssi: list[float] = []
    unknown: dict[str, int] = {}
    for place, row in rows(path, ("t", "rx", "beacon", "rssi")):
        when = number(place, row, "t")
        if at and when < at[-1]:
            raise CommandError(f"{place}: t {when:g} after {at[-1]:g}; sort the file by t")
        first_s = when if first_s is None else first_s
        if when - first_s > LONGEST_S:
            raise CommandError(
                f"{place}: t {when:g} is more than a week after the first, {first_s:g}; t is in seconds"
            )
        if row["rx"] not in known:
            unknown[row["rx"]] = unknown.get(row["rx"], 0) + 1
            continue
        if not _NAME.fullmatch(row["beacon"]):
            raise CommandError(
                f"{place}: a beacon's name is 1 to 64 letters, digits, _ . and -; rename it"
            )
        at.append(when)
        receivers.append(row["rx"])
        beacon.append(beacons.setdefault(row["beacon"], len(beacons)))
        rssi.append(number(place, row, "rssi"))
    if unknown:
        first = next(iter(unknown))
        which = f'rx "{first[:40]}"' + (f" and {len(unknown) - 1} more" if len(unknown) > 1 else "")
        said = f"{path}: {which} not in site.json"
        if not at:
            raise CommandError(f"{said}, nor any other; name the site of this recording")
        # A receiver that nobody knows the place of tells nothing; most often somebody else's.
        print(f"beware: {said}; {sum(unknown.values())} lines left out", file=sys.stderr)
    return Recording(
        name=re.sub(r"\.events\.csv(\.gz)?$", "", path.name),
        beacons=tuple(beacons),
        at_s=np.array(at),
        receiver=tuple(receivers),
        beacon=np.array(beacon, dtype=np.intp),
        rssi_dbm=np.array(rssi),
    )
