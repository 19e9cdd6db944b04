from __future__ import annotations

import csv
import gzip
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.zones.side_engine import Doorway
from shopbell_server.core.zones.side_replay import Heard, in_ticks, sides_afterwards, sides_live
from shopbell_server.core.zones.side_training import SideRun, learned_sides
from tests.server.core.zones.doorways import INSIDE, recording, share_right
from tests.shared import SHARED

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

BLIND = Doorway(inside=INSIDE, model=None)
SURVEYED = Doorway(inside=INSIDE, model=learned_sides([recording(1), recording(2)], INSIDE))
SAL = SHARED / "data" / "sal"


@pytest.mark.parametrize("shade_db", [0.0, 5.0, 10.0])
@pytest.mark.parametrize("tick_s", [0.2, 1.0])
def test_sides_are_found_without_a_survey_whatever_shades_the_outer_receivers(
    shade_db: float, tick_s: float
) -> None:
    run = recording(3, tick_s=tick_s, shade_db=shade_db)
    assert share_right(sides_live(BLIND, run.at_s, run.rssi_dbm), run) > 0.9
    assert share_right(sides_afterwards(BLIND, run.at_s, run.rssi_dbm), run) > 0.9


@pytest.mark.parametrize("tick_s", [0.2, 1.0])
def test_sides_are_found_with_a_survey(tick_s: float) -> None:
    run = recording(3, tick_s=tick_s)
    assert share_right(sides_live(SURVEYED, run.at_s, run.rssi_dbm), run) > 0.95
    assert share_right(sides_afterwards(SURVEYED, run.at_s, run.rssi_dbm), run) > 0.97


def test_sides_are_found_where_receivers_died() -> None:
    run = recording(3, tick_s=0.3)
    dead = np.array([True, False, True, False, False])
    rssi = np.where(dead, np.nan, run.rssi_dbm)
    for doorway in (BLIND, SURVEYED):
        assert share_right(sides_live(doorway, run.at_s, rssi), run) > 0.85


@pytest.mark.parametrize("doorway", [BLIND, SURVEYED], ids=["blind", "surveyed"])
def test_what_is_said_live_does_not_change_when_more_is_heard(doorway: Doorway) -> None:
    run = recording(4, seconds=24.0)
    whole = sides_live(doorway, run.at_s, run.rssi_dbm)
    part = sides_live(doorway, run.at_s[:130], run.rssi_dbm[:130])
    assert whole[:130].tolist() == part.tolist()


@pytest.mark.parametrize("doorway", [BLIND, SURVEYED], ids=["blind", "surveyed"])
def test_an_empty_recording_has_no_sides(doorway: Doorway) -> None:
    nothing = np.empty((0, len(INSIDE)))
    assert sides_live(doorway, np.empty(0), nothing).tolist() == []
    assert sides_afterwards(doorway, np.empty(0), nothing).tolist() == []


@given(
    adverts=st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 2), st.integers(-95, -30)), max_size=30
    )
)
def test_every_advert_counts_in_the_first_tick_that_is_not_before_it(
    adverts: list[tuple[int, int, int]],
) -> None:
    at, receiver, rssi = np.array(adverts, dtype=int).reshape(-1, 3).T
    heard = Heard(at_s=at / 10, receiver=receiver, rssi_dbm=rssi.astype(float))
    got = in_ticks(heard, np.arange(4.0), 3)
    for tick in range(4):
        for one in range(3):
            said = rssi[(receiver == one) & (at > 10 * (tick - 1)) & (at <= 10 * tick)]
            assert got[tick, one] == pytest.approx(
                said.mean() if len(said) else np.nan, nan_ok=True
            )


# --------------------------------------------------------------------------- recorded signals


def table(path: Path) -> dict[str, list[str]]:
    with gzip.open(path, "rt") as lines:
        rows = list(csv.DictReader(lines))
    return {name: [row[name] for row in rows] for name in rows[0]}


def recorded(name: str, receivers: list[str], every: int = 1) -> SideRun:
    """Return a recorded run on a grid of `every` slots of 100 ms."""
    events = table(SAL / f"{name}.events.csv.gz")
    truth = table(SAL / f"{name}.truth.csv.gz")
    at_s = np.array(events["t"], dtype=float)
    use = np.rint(at_s * 10).astype(int) % every == 0
    truth_slot = np.rint(np.array(truth["t"], dtype=float) * 10).astype(int)
    slots = np.arange(0, max(truth_slot.max(), int(np.rint(at_s.max() * 10))) + 1)
    inside = np.full(len(slots), -1)
    inside[truth_slot] = np.array(truth["inside"], dtype=int)
    ticks_s = slots[::every] / 10
    heard = Heard(
        at_s=at_s[use],
        receiver=np.array([receivers.index(one) for one in events["rx"]])[use],
        rssi_dbm=np.array(events["rssi"], dtype=float)[use],
    )
    return SideRun(
        carrier=name.split("_", maxsplit=1)[0],
        at_s=ticks_s,
        rssi_dbm=in_ticks(heard, ticks_s, len(receivers)),
        inside=inside[::every],
    )


@pytest.fixture(scope="module")
def doors() -> tuple[list[str], NDArray[np.bool_]]:
    if not (SAL / "site.json").is_file():
        pytest.skip("no data/sal: set SHOPBELL_SHARED to the folder that has data/")
    receivers = json.loads((SAL / "site.json").read_text())["receivers"]
    return list(receivers), np.array([one["side"] == "inside" for one in receivers.values()])


def known_share(judged: NDArray[np.bool_], run: SideRun) -> float:
    known = run.inside >= 0
    return float((judged[known] == (run.inside[known] == 1)).mean())


@pytest.mark.parametrize(("every", "at_least"), [(1, 0.89), (10, 0.87)])
def test_recorded_cars_and_a_walker_are_found_without_a_survey(
    doors: tuple[list[str], NDArray[np.bool_]], every: int, at_least: float
) -> None:
    receivers, inside = doors
    for name in ("car_sensor_1_measurement_3", "walk_sensor_1_measurement_1"):
        run = recorded(name, receivers, every)
        judged = sides_live(Doorway(inside=inside, model=None), run.at_s, run.rssi_dbm)
        assert known_share(judged, run) > at_least


@pytest.mark.parametrize(("every", "at_least"), [(1, 0.965), (10, 0.93)])
def test_a_recorded_car_is_found_by_what_other_runs_taught(
    doors: tuple[list[str], NDArray[np.bool_]], every: int, at_least: float
) -> None:
    receivers, inside = doors
    taught = [recorded(f"car_sensor_1_measurement_{run}", receivers) for run in (1, 2)]
    doorway = Doorway(inside=inside, model=learned_sides(taught, inside))
    run = recorded("car_sensor_1_measurement_3", receivers, every)
    assert known_share(sides_live(doorway, run.at_s, run.rssi_dbm), run) > at_least
