"""A folder of recordings at a door, small enough to replay in a test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SIDES = {"i1": "inside", "i2": "inside", "o1": "outside", "o2": "outside"}
STAYS_S = 30
SECONDS = 4 * STAYS_S


def is_inside(at_s: float) -> bool:
    """Return whether the beacon is inside: it goes in and out, and stays for a while on each side."""
    return at_s // STAYS_S % 2 == 1


def recorded_door(
    folder: Path, *, runs: int = 1, truths: int = 0, beacons: tuple[str, ...] = ("tag",)
) -> Path:
    """Write a door, and runs of somebody who goes in and out; of the first `truths` runs where she was."""
    folder.mkdir()
    site = {"receivers": {name: {"pos": [0, 0, 1], "side": side} for name, side in SIDES.items()}}
    (folder / "site.json").write_text(json.dumps(site))
    for run in range(1, runs + 1):
        events, truth = ["t,rx,beacon,rssi"], ["t,inside"]
        for tick in range(SECONDS * 10):
            at = tick / 10
            # What is the same all the time is no level: two dB of something that is known.
            sway = (tick * 7 + run) % 5 - 2
            events += [
                f"{at},{name},{beacon},{(-60 if (side == 'inside') == is_inside(at) else -78) + sway}"
                for beacon in beacons
                for name, side in SIDES.items()
            ]
            truth.append(f"{at},{int(is_inside(at))}")
        (folder / f"walk_{run}.events.csv").write_text("\n".join(events) + "\n")
        if run <= truths:
            (folder / f"walk_{run}.truth.csv").write_text("\n".join(truth) + "\n")
    return folder
