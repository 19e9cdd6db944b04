"""A folder of recordings small enough to replay in a test."""

from __future__ import annotations

import gzip
import json
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

RECEIVERS = {
    "a": (0.0, 0.0, 2.0),
    "b": (6.0, 0.0, 2.0),
    "c": (6.0, 4.0, 2.0),
    "d": (0.0, 4.0, 2.0),
}


def strength(receiver: str, x: float, y: float) -> int:
    return round(-61 - 18.5 * math.log10(math.dist(RECEIVERS[receiver], (x, y, 1.5))))


def recorded(folder: Path, *, beacons: tuple[str, ...] = ("b1",), survey: bool = False) -> Path:
    """Write a site, and a recording in which each beacon walks from left to right."""
    folder.mkdir()
    site = {
        "area": [0, 0, 6, 4],
        "receivers": {
            name: {"pos": place, "pi": name in "ac"} for name, place in RECEIVERS.items()
        },
        "zones": {"1": {"rect": [0, 0, 3, 4]}, "2": {"rect": [3, 0, 6, 4]}},
    }
    (folder / "site.json").write_text(json.dumps(site))
    lines = ["t,rx,beacon,rssi"]
    for step in range(25):
        lines += [
            f"{step / 2},{name},{beacon},{strength(name, step / 4, 2)}"
            for beacon in beacons
            for name in RECEIVERS
        ]
    with gzip.open(folder / "walk.events.csv.gz", "wt") as file:
        file.write("\n".join(lines) + "\n")
    if survey:
        rows = [
            ",".join(map(str, (x, y, 1.5, *(strength(name, x, y) for name in RECEIVERS))))
            for x in (1, 3, 5)
            for y in (1, 3)
        ]
        (folder / "survey.csv").write_text("x,y,z,a,b,c,d\n" + "\n".join(rows) + "\n")
    return folder
