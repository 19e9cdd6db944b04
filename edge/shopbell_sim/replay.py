"""`shopbell-sim replay`: recordings of a floor through the zone engine of the server.

Owns: the regimes, the files of estimates, the summary. A site that is a door goes to `replay_sides`.
Never: the truth, or a score; whoever has the truth compares.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from shopbell_program.commands import CommandError
from shopbell_program.new_file import write_instead
from shopbell_server.core.zones.grid import grid_of
from shopbell_server.core.zones.hysteresis import NOWHERE, chosen
from shopbell_server.core.zones.lookback import looked_back
from shopbell_server.core.zones.position_filter import (
    arrived,
    by_cell,
    by_zone,
    engine_of,
    middle_m,
    stepped,
)
from shopbell_server.core.zones.radio_map import unsurveyed_map
from shopbell_server.core.zones.survey_map import surveyed_map
from shopbell_sim import replay_sides
from shopbell_sim.adapters.recorded_events import read_recording, recordings_in
from shopbell_sim.adapters.recorded_site import DoorFile, floor_of, read_site, read_survey
from shopbell_sim.replay_asked import REGIMES, make_folder, named_receivers
from shopbell_sim.replay_ticks import ticks_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from shopbell_server.core.zones.floor import Floor
    from shopbell_server.core.zones.position_filter import Engine
    from shopbell_sim.adapters.recorded_events import Recording
    from shopbell_sim.adapters.recorded_site import SiteFile
    from shopbell_sim.replay_asked import Replay
    from shopbell_sim.replay_ticks import Ticks

THIN_S: Final = 1.0
"""What a phone in a pocket sends, about."""


class Estimates(NamedTuple):
    """One beacon's answers, one per tick."""

    at_s: NDArray[np.float64]
    zone: NDArray[np.intp]
    probability: NDArray[np.float64]
    place_m: NDArray[np.float64]


def main(asked: Replay) -> None:
    """Write the estimates of every recording in every regime, and print what was done."""
    site_path = asked.folder / "site.json"
    files = recordings_in(asked.folder)
    site = read_site(site_path)
    if isinstance(site, DoorFile):
        replay_sides.main(asked, site_path, site, files)
        return
    names = receivers_of(asked.receivers, site)
    floor = floor_of(site_path, site, names)
    survey = _survey_in(asked.folder)
    engines = {
        regime: _engine(floor, survey, regime) for regime in asked.regimes or _possible(survey)
    }
    recordings = [read_recording(each, site.receivers) for each in files]
    make_folder(asked.out)
    print(f"{len(recordings)} recordings, {len(names)} receivers, {len(floor.zones)} zones")
    for regime, engine in engines.items():
        for recording in recordings:
            _replay(asked, engine, floor, regime, recording)


def _replay(asked: Replay, engine: Engine, floor: Floor, regime: str, recording: Recording) -> None:
    thin_s = THIN_S if regime.endswith("-thinned") else 0.0
    names = [each.name for each in floor.receivers]
    ticks = ticks_of(recording, names, engine.moves.tick_s, thin_s=thin_s)
    for beacon, answer in zip(recording.beacons, live(engine, ticks), strict=True):
        _write(asked.out, recording, beacon, regime, floor, answer)
    if asked.smoothed:
        for beacon, answer in zip(recording.beacons, after(engine, ticks), strict=True):
            _write(asked.out, recording, beacon, f"{regime}.smoothed", floor, answer)


def live(engine: Engine, ticks: Ticks) -> list[Estimates]:
    """Return what is known of each beacon at the end of each tick, from what was heard until then."""
    devices = ticks.rssi_dbm.shape[1]
    beliefs = arrived(engine, devices)
    zones = np.empty((len(ticks.ends_s), devices, engine.grid.zone_shares.shape[1]))
    middles = np.empty((len(ticks.ends_s), devices, 2))
    for tick, (heard, hears) in enumerate(zip(ticks.rssi_dbm, ticks.listening, strict=True)):
        beliefs = stepped(engine, beliefs, heard, hears)
        cells = by_cell(beliefs)
        zones[tick], middles[tick] = by_zone(engine, cells), middle_m(engine, cells)
    return [
        _answers(ticks.ends_s, zones[:, device], middles[:, device]) for device in range(devices)
    ]


def after(engine: Engine, ticks: Ticks) -> list[Estimates]:
    """Return what is known of each beacon for the middle of each tick once the recording is over."""
    at_s = ticks.ends_s - engine.moves.tick_s / 2
    at_s[0] = ticks.ends_s[0]
    answers = []
    for device in range(ticks.rssi_dbm.shape[1]):
        seen = looked_back(engine, ticks.rssi_dbm[:, device], ticks.listening)
        answers.append(_answers(at_s, seen.zones, seen.middle_m))
    return answers


def _answers(
    at_s: NDArray[np.float64], probabilities: NDArray[np.float64], places_m: NDArray[np.float64]
) -> Estimates:
    shown, zones = np.array([NOWHERE]), np.empty(len(at_s), dtype=np.intp)
    for tick, each in enumerate(probabilities):
        shown = chosen(shown, each[None])
        zones[tick] = shown[0]
    return Estimates(
        at_s=at_s,
        zone=zones,
        probability=probabilities[np.arange(len(at_s)), zones],
        place_m=places_m,
    )


def _write(
    out: Path, recording: Recording, beacon: str, regime: str, floor: Floor, answer: Estimates
) -> None:
    name = recording.name if len(recording.beacons) == 1 else f"{recording.name}.{beacon}"
    path = out / f"{name}.{regime}.csv"
    write(path, floor, answer)
    print(f"{path.name}: {in_words(answer)}")


def write(path: Path, floor: Floor, answer: Estimates) -> None:
    """Write a line for every tick: `t,zone,x,y,probability`."""
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(("t", "zone", "x", "y", "probability"))
    for at, zone, sure, (x, y) in zip(
        answer.at_s, answer.zone, answer.probability, answer.place_m, strict=True
    ):
        lines.writerow((f"{at:.3f}", floor.zones[zone].name, f"{x:.3f}", f"{y:.3f}", f"{sure:.4f}"))
    try:
        write_instead(path, text.getvalue().encode())
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}; name another file with --out") from error


def in_words(answer: Estimates) -> str:
    """Return how long it was, how often its zone changed and how sure that is."""
    changes = int(np.count_nonzero(np.diff(answer.zone)))
    span_s = float(answer.at_s[-1] - answer.at_s[0])
    sure = 100 * float(answer.probability.mean())
    return f"{span_s:.0f} s, {changes} changes of zone, sure to {sure:.0f} % on average"


def receivers_of(asked: str, site: SiteFile) -> list[str]:
    """Return the receivers of a floor that were asked for."""
    if asked == "pi":
        return [name for name, each in site.receivers.items() if each.pi]
    return named_receivers(asked, site.receivers)


def _survey_in(folder: Path) -> Path | None:
    found = [path for path in (folder / "survey.csv", folder / "survey.csv.gz") if path.is_file()]
    return found[0] if found else None


def _possible(survey: Path | None) -> list[str]:
    return [each for each in REGIMES if survey is not None or each.startswith("unsurveyed")]


def _engine(floor: Floor, survey: Path | None, regime: str) -> Engine:
    if regime.startswith("unsurveyed"):
        return engine_for(floor, None)
    if survey is None:
        raise CommandError(
            "no survey.csv or survey.csv.gz in the folder; add it, or ask for --regime unsurveyed"
        )
    return engine_for(floor, survey)


def engine_for(floor: Floor, survey: Path | None) -> Engine:
    """Return the engine of a floor, with a survey if there is one."""
    grid = grid_of(floor)
    if survey is None:
        return engine_of(floor, grid, unsurveyed_map(floor, grid))
    read = read_survey(survey, [each.name for each in floor.receivers])
    return engine_of(floor, grid, surveyed_map(floor, grid, read))
