"""Recordings at a door through the engine that tells its sides: who is inside.

Owns: what is learned from which runs, the files of estimates, the summary.
Never: a score. The truth of a run teaches the others (`NAME.truth.csv`, `t,inside`) and never itself.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from shopbell_program.commands import CommandError
from shopbell_program.new_file import write_instead
from shopbell_server.core.zones.side_engine import Doorway
from shopbell_server.core.zones.side_replay import Heard, in_ticks, sides_afterwards, sides_live
from shopbell_server.core.zones.side_training import SideRun, learned_sides
from shopbell_sim.adapters.recorded_events import read_recording
from shopbell_sim.adapters.recorded_sides import read_sides, sides_of, truth_beside
from shopbell_sim.replay_asked import REGIMES, make_folder, named_receivers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from shopbell_sim.adapters.recorded_events import Recording
    from shopbell_sim.adapters.recorded_site import DoorFile
    from shopbell_sim.replay_asked import Replay

TICK_S: Final = 0.1
"""Phones send ten times a second at most: one advert in a tick."""

THINNED: Final = 10
"""Ticks from one advert to the next, thinned to one a second."""

UNKNOWN: Final = -1
"""Of a tick whose truth is not recorded."""


class Run(NamedTuple):
    """One beacon of one recording, in ticks."""

    name: str
    carrier: str
    """What carried it: the recording's name up to the first underscore."""
    at_s: NDArray[np.float64]
    rssi_dbm: NDArray[np.float64]
    """[ticks, receivers], NaN where unheard."""
    inside: NDArray[np.int64] | None
    """[ticks], 1, 0 or UNKNOWN; None without a file of the truth."""


def main(asked: Replay, site_path: Path, site: DoorFile, files: Sequence[Path]) -> None:
    """Write the estimates of every recording in every regime, and print what was done."""
    names = named_receivers(asked.receivers, site.receivers)
    inside = sides_of(site_path, site, names)
    runs = [
        run
        for file in files
        for run in runs_of(read_recording(file, site.receivers), names, truth_beside(file), TICK_S)
    ]
    regimes = asked.regimes or _possible(runs)
    doorways = [
        (regime, [_doorway(regime, run, runs, inside) for run in runs]) for regime in regimes
    ]
    make_folder(asked.out)
    print(f"{len(files)} recordings, {len(names)} receivers, {int(inside.sum())} of them inside")
    for regime, with_models in doorways:
        for run, doorway in zip(runs, with_models, strict=True):
            _replay(asked, regime, run, doorway)


def _replay(asked: Replay, regime: str, run: Run, doorway: Doorway) -> None:
    every = THINNED if regime.endswith("-thinned") else 1
    at_s, rssi_dbm = run.at_s[::every], run.rssi_dbm[::every]
    write(asked.out / f"{run.name}.{regime}.csv", at_s, sides_live(doorway, at_s, rssi_dbm))
    if asked.smoothed:
        after = sides_afterwards(doorway, at_s, rssi_dbm)
        write(asked.out / f"{run.name}.{regime}.smoothed.csv", at_s, after)


def runs_of(
    recording: Recording, names: Sequence[str], truth: Path | None, tick_s: float
) -> list[Run]:
    """Return each beacon of a recording in ticks of `tick_s`; the truth is of a single one."""
    column = {name: index for index, name in enumerate(names)}
    first, last = recording.at_s[0], recording.at_s[-1]
    at_s = first + tick_s * np.arange(round((last - first) / tick_s) + 1)
    runs = []
    for number, beacon in enumerate(recording.beacons):
        ours = np.array([name in column for name in recording.receiver]) & (
            recording.beacon == number
        )
        heard = Heard(
            at_s=recording.at_s[ours],
            receiver=np.array(
                [column[each] for each, ok in zip(recording.receiver, ours, strict=True) if ok],
                dtype=np.int64,
            ),
            rssi_dbm=recording.rssi_dbm[ours],
        )
        alone = len(recording.beacons) == 1
        runs.append(
            Run(
                name=recording.name if alone else f"{recording.name}.{beacon}",
                carrier=recording.name.partition("_")[0],
                at_s=at_s,
                rssi_dbm=in_ticks(heard, at_s, len(names)),
                inside=_told(truth, at_s, tick_s) if alone and truth is not None else None,
            )
        )
    return runs


def _told(truth: Path, at_s: NDArray[np.float64], tick_s: float) -> NDArray[np.int64]:
    """Return what is known of each tick: a row counts for the tick that it is nearest to."""
    found = read_sides(truth)
    inside = np.full(len(at_s), UNKNOWN, dtype=np.int64)
    tick = np.rint((found.at_s - at_s[0]) / tick_s).astype(np.intp)
    within = (tick >= 0) & (tick < len(at_s))
    inside[tick[within]] = found.inside[within]
    return inside


def _possible(runs: Sequence[Run]) -> list[str]:
    known = sum(run.inside is not None for run in runs)
    # A run is judged by what the others taught.
    return [each for each in REGIMES if known > 1 or each.startswith("unsurveyed")]


def _doorway(regime: str, run: Run, runs: Sequence[Run], inside: NDArray[np.bool_]) -> Doorway:
    if regime.startswith("unsurveyed"):
        return Doorway(inside=inside, model=None)
    return taught([each for each in runs if each.name != run.name], inside, of=run.name)


def taught(runs: Sequence[Run], inside: NDArray[np.bool_], of: str) -> Doorway:
    """Return the doorway as runs with a truth teach it; `of` is whose sides are asked for."""
    known = [
        SideRun(carrier=each.carrier, at_s=each.at_s, rssi_dbm=each.rssi_dbm, inside=each.inside)
        for each in runs
        if each.inside is not None
    ]
    try:
        return Doorway(inside=inside, model=learned_sides(known, inside))
    except ValueError as error:
        raise CommandError(
            f"nothing to learn the sides of {of} from: {error}; add runs with NAME.truth.csv "
            "(t,inside), or ask without"
        ) from error


def write(path: Path, at_s: NDArray[np.float64], inside: NDArray[np.bool_]) -> None:
    """Write a line for every tick: `t,inside`."""
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(("t", "inside"))
    lines.writerows((f"{at:.3f}", int(each)) for at, each in zip(at_s, inside, strict=True))
    try:
        write_instead(path, text.getvalue().encode())
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}; name another folder with --out") from error
    changes = int(np.count_nonzero(np.diff(inside)))
    print(f"{path.name}: {at_s[-1] - at_s[0]:.0f} s, {changes} changes of side")
