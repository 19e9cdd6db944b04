from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shopbell_server.core.zones.plan import FloorPlan, Reading, Survey
from shopbell_server.core.zones.radio_map import AMONG_RACKS, SURVEYED
from shopbell_server.core.zones.shown_zone import NEAR_M
from shopbell_server.core.zones.site import site_of, survey_on
from tests.server.core.zones.shop_plan import DOOR, EDGE, ONE, TILL, TWO, level, rectangle

NAMES = tuple(f"edge-1/g{index}" for index in range(3))


def reading(x: float, *heard: float | None, z: float = 1.2) -> Reading:
    levels = {name: each for name, each in zip(NAMES, heard, strict=False) if each is not None}
    return Reading(x_m=x, y_m=1.0, z_m=z, heard_dbm=levels)


def test_every_scanner_is_a_column_of_its_level() -> None:
    site = site_of(TWO)
    assert len(site.columns) == 8
    assert site.storeys[1].columns == tuple(site.columns[EDGE, f"f{index}"] for index in range(4))
    assert site.storeys[0].zones == (DOOR, TILL)


def test_cells_are_in_zones_of_several_rectangles_and_near_others() -> None:
    ground = site_of(ONE).storeys[0]
    x = ground.engine.grid.centres_m[:, 0]
    assert np.allclose(ground.shares.sum(axis=1), 1)
    assert np.allclose(ground.shares[:, 0], x < 3)
    long = replace(level(), extent=rectangle(0, 0, 12, 4))
    near = site_of(FloorPlan(levels=(long,))).storeys[0]
    at = near.engine.grid.centres_m[:, 0]
    assert near.near[:, 0].tolist() == (at <= 3 + NEAR_M).tolist(), "the door's ends at 3 m"


def test_lines_of_one_place_are_one_point() -> None:
    lines = (reading(1, -60, 0.0), reading(1, -70, None, z=1.4), reading(2, None, -80))
    survey = survey_on(level(), Survey(receivers=NAMES, readings=lines))
    assert survey is not None
    assert survey.points_m.tolist() == [[1, 1], [2, 1]]
    assert survey.height_m == 1.2
    assert survey.mean_dbm[0, 0] == -65
    assert np.isnan(survey.mean_dbm[0, 1]), "0 is what drivers write for nothing"
    assert survey.heard_share[:, :3].tolist() == [[1, 0, 0], [0, 1, 0]]
    assert np.isnan(survey.heard_share[:, 3]).all(), "it was not listening"


def test_a_level_goes_by_its_survey() -> None:
    lines = tuple(reading(x, -60 - 5 * x, -80 + x) for x in (1, 2, 3, 4, 5))
    walked = replace(level(), survey=Survey(receivers=NAMES, readings=lines))
    known = site_of(FloorPlan(levels=(walked,))).storeys[0].engine.radio
    blind = site_of(ONE).storeys[0].engine.radio
    assert not np.allclose(known.mean_dbm[0], blind.mean_dbm[0])
    assert (known.mean_dbm[3] > blind.mean_dbm[3]).all(), "as the surveyor's phone, in the hand"
    assert blind.doubt == AMONG_RACKS
    assert known.doubt == replace(SURVEYED, hidden=AMONG_RACKS.hidden), "customers' are in pockets"


def test_every_scanner_speaks_for_the_zone_in_which_it_hangs() -> None:
    assert site_of(TWO).storeys[1].hung == ((0, 3), (1, 2))
    without = replace(level(), spots=level().spots[:1])
    assert site_of(FloorPlan(levels=(without,))).storeys[0].hung == ((0,), ())


def test_a_survey_without_a_line_is_none() -> None:
    empty = Survey(receivers=NAMES, readings=())
    assert survey_on(level(), empty) is None
    site = site_of(FloorPlan(levels=(replace(level(), survey=empty),)))
    assert site.storeys[0].engine.moves.tick_s == pytest.approx(5.0)
