from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shopbell_server.core.zones.grid import distances_m
from shopbell_server.core.zones.plan import Level, Reading, Survey, floor_of
from shopbell_server.core.zones.radio_map import AT_1_M_DBM, SLOPE, falling_db
from shopbell_server.core.zones.survey_check import FEWEST, checked
from tests.server.core.zones.shop_plan import DOOR, TILL, level, rectangle

GROUND = level()
NAMES = tuple(spot.name for spot in GROUND.spots)
POINTS = [(0.5 + x, 0.5 + y) for x in range(6) for y in range(4)]


def survey(points: list[tuple[float, float]], of: Level = GROUND, *, loud: float = 1.0) -> Survey:
    """Return what is heard at points; `loud` of 0: the same everywhere."""
    far = distances_m(floor_of(of), np.array(points), 1.2)
    heard = AT_1_M_DBM + loud * SLOPE * falling_db(far)
    return Survey(
        receivers=NAMES,
        readings=tuple(
            Reading(
                x_m=x,
                y_m=y,
                z_m=1.2,
                heard_dbm=dict(zip(NAMES, heard[:, index].tolist(), strict=True)),
            )
            for index, (x, y) in enumerate(points)
        ),
    )


def test_a_good_survey_is_good() -> None:
    found = checked(GROUND, survey(POINTS))
    assert found.is_good
    assert found.points == len(POINTS)
    assert found.points_of == {DOOR: 12, TILL: 12}
    assert found.crossed is not None
    assert found.crossed.mean_m < 1.5
    assert found.crossed.worst_tenth_m >= found.crossed.mean_m
    assert found.crossed.right_zone > 0.8


def test_zones_that_sound_alike_are_named() -> None:
    found = checked(GROUND, survey(POINTS, loud=0.0))
    assert found.crossed is not None
    assert found.crossed.mixed
    assert not found.is_good


def test_places_without_points_are_named_with_their_distance() -> None:
    wide = replace(
        GROUND,
        extent=rectangle(0, 0, 20, 4),
        zones=(
            *GROUND.zones,
            replace(GROUND.zones[0], within=rectangle(12, 0, 20, 4)),
            replace(GROUND.zones[2], within=rectangle(6, 0, 14, 4)),
            # No cell has its middle in it.
            replace(GROUND.zones[2], within=rectangle(0, 0, 0.01, 0.01)),
        ),
    )
    found = checked(wide, survey(POINTS, wide))
    gaps = {gap.zone: gap for gap in found.gaps}
    assert gaps.keys() == {DOOR, TILL}
    assert gaps[DOOR].far_m == pytest.approx(
        np.hypot(gaps[DOOR].x_m - 5.5, gaps[DOOR].y_m - 0.5), abs=0.6
    )
    assert gaps[DOOR].far_m > gaps[TILL].far_m > 6
    assert not found.is_good


def test_scanners_that_heard_nothing_and_columns_of_nobody_are_named() -> None:
    whole = survey(POINTS)
    deaf = replace(
        whole,
        receivers=(*NAMES, "cellar/x"),
        readings=tuple(
            replace(each, heard_dbm={name: each.heard_dbm[name] for name in NAMES[1:]})
            for each in whole.readings
        ),
    )
    found = checked(GROUND, deaf)
    assert (found.silent, found.unknown) == ((NAMES[0],), ("cellar/x",))
    assert not found.is_good


def test_a_few_points_say_nothing_about_the_map() -> None:
    found = checked(GROUND, survey([*POINTS[: FEWEST - 2], (-3.0, 1.0)]))
    assert found.crossed is None
    assert found.outside == 1
    assert not found.is_good
    assert not checked(GROUND, survey(POINTS[:3])).is_good


def test_a_survey_without_a_point_is_none() -> None:
    with pytest.raises(ValueError, match="walk it first"):
        checked(GROUND, Survey(receivers=NAMES, readings=()))
