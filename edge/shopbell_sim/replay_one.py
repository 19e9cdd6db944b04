"""`shopbell-sim replay EVENTS`: one recording, by files that are named one by one.

Owns: which files go with which kind, and how often a recording's beacon sends.
Never: the engines (`replay`, `replay_sides`), or a score. What is written at t was known at t.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from shopbell_program.commands import CommandError, UsageError
from shopbell_server.core.zones.side_engine import Doorway
from shopbell_server.core.zones.side_replay import sides_live
from shopbell_sim import replay, replay_sides
from shopbell_sim.adapters.recorded_events import read_recording
from shopbell_sim.adapters.recorded_sides import sides_of
from shopbell_sim.adapters.recorded_site import DoorFile, SiteFile, floor_of, read_site
from shopbell_sim.replay_asked import named_receivers
from shopbell_sim.replay_ticks import ticks_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from shopbell_sim.adapters.recorded_events import Recording

Kind = Literal["presence", "zone"]

LOOKED_AT_S: Final = 30.0
"""How often a beacon sends is seen in its first half minute: dozens of adverts at one a second."""

SLOWEST_S: Final = 1.0
"""The longest tick at a door: who walks through it is there for two or three seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    """What was asked for on the command line."""

    events: Path
    site: Path
    kind: Kind
    out: Path
    survey: Path | None = None
    train: tuple[tuple[Path, Path], ...] = ()
    """Events and truth of other recordings at the same door."""

    receivers: str = "all"


def main(asked: One) -> None:
    """Write where the recording's beacon was, and print what was done."""
    site = read_site(asked.site)
    if asked.kind == "zone":
        if asked.train:
            raise UsageError("--train: a floor learns from a survey; name one with --survey")
        if isinstance(site, DoorFile):
            raise CommandError(f"{asked.site}: has no area and zones; ask for --kind presence")
        _zones(asked, site)
        return
    if asked.survey is not None:
        raise UsageError("--survey: a door learns from other recordings; name some with --train")
    if isinstance(site, SiteFile):
        raise CommandError(f"{asked.site}: its receivers have no side; ask for --kind zone")
    _sides(asked, site)


def _zones(asked: One, site: SiteFile) -> None:
    floor = floor_of(asked.site, site, replay.receivers_of(asked.receivers, site))
    recording = _single(asked.events, read_recording(asked.events, site.receivers))
    engine = replay.engine_for(floor, asked.survey)
    names = [each.name for each in floor.receivers]
    (answer,) = replay.live(engine, ticks_of(recording, names, engine.moves.tick_s))
    replay.write(asked.out, floor, answer)
    print(f"{asked.out}: {replay.in_words(answer)}")


def _sides(asked: One, site: DoorFile) -> None:
    names = named_receivers(asked.receivers, site.receivers)
    inside = sides_of(asked.site, site, names)

    def run_of(events: Path, truth: Path | None) -> replay_sides.Run:
        recording = _single(events, read_recording(events, site.receivers))
        (run,) = replay_sides.runs_of(recording, names, truth, _tick_s(recording))
        return run

    run = run_of(asked.events, None)
    doorway = Doorway(inside=inside, model=None)
    if asked.train:
        others = [run_of(events, truth) for events, truth in asked.train]
        doorway = replay_sides.taught(others, inside, of=run.name)
    replay_sides.write(asked.out, run.at_s, sides_live(doorway, run.at_s, run.rssi_dbm))


def _single(path: Path, recording: Recording) -> Recording:
    if len(recording.beacons) > 1:
        some: Sequence[str] = recording.beacons[:5]
        raise CommandError(
            f"{path}: has {len(recording.beacons)} beacons ({', '.join(some)}), and one file of estimates is "
            "of one; keep the lines of one, or name the recording's folder"
        )
    return recording


def _tick_s(recording: Recording) -> float:
    """Return the time from one advert to the next, as it is at the recording's beginning."""
    early = recording.at_s[recording.at_s <= recording.at_s[0] + LOOKED_AT_S]
    apart = np.diff(np.unique(early))
    apart = apart[apart > replay_sides.TICK_S / 2]
    usual = float(np.median(apart)) if apart.size else SLOWEST_S
    return round(min(max(usual, replay_sides.TICK_S), SLOWEST_S), 3)
