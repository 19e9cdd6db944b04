from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from shopbell_server.core.ids import EdgeId, ZoneId
from shopbell_server.core.zones.plan import (
    MOST_PARTS,
    MOST_SCANNERS,
    FloorPlan,
    Reading,
    Survey,
    flaws,
    floor_of,
    surveyed,
    with_surveys_of,
)
from tests.server.core.zones.shop_plan import DOOR, EDGE, ONE, TILL, TWO, level, rectangle

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_server.core.zones.plan import Level

SURVEY = Survey(
    receivers=("edge-1/g0",), readings=(Reading(x_m=1, y_m=1, z_m=1, heard_dbm={"edge-1/g0": -60}),)
)


def found(plan: FloorPlan) -> list[tuple[str, str]]:
    return [(each.where, each.problem) for each in flaws(plan, [DOOR, TILL], [EDGE])]


def test_a_plan_without_flaws_is_a_floor_in_its_order() -> None:
    assert found(ONE) == found(TWO) == []
    floor = floor_of(ONE.levels[0])
    assert [each.name for each in floor.receivers] == [f"edge-1/g{index}" for index in range(4)]
    assert [each.name for each in floor.zones] == ["door", "door", "till"]
    assert TWO.spots[EDGE, "f1"] == "first"


def bad(**changes: Any) -> Callable[[Level], Level]:
    return lambda good: replace(good, **changes)


LEFT, SPOT = level().zones[0], level().spots[0]


@pytest.mark.parametrize(
    ("where", "said", "spoilt"),
    [
        (".extent", "is empty", bad(extent=rectangle(1, 0, 1, 4))),
        (".extent", "longer than 1000 m", bad(extent=rectangle(-9, -9, 1_000, 9))),
        (".extent", "shorter than 1 m", bad(extent=rectangle(0, 0, 9, 0.5))),
        (".zones", "201 rectangles, 200 at most", bad(zones=(LEFT,) * (MOST_PARTS + 1))),
        (".scanners[0].at", "hangs at -1 m", bad(spots=(replace(SPOT, z_m=-1),))),
        (".scanners[0].at", "0 to 30", bad(spots=(replace(SPOT, z_m=250),))),
        (".zones", "has no zone", bad(zones=())),
        (".zones[0].zone", '"shoes" is none', bad(zones=(replace(LEFT, zone=ZoneId("shoes")),))),
        (".zones[0].rect", "is empty", bad(zones=(replace(LEFT, within=rectangle(0, 3, 1, 2)),))),
        (".zones[0].rect", "outside", bad(zones=(replace(LEFT, within=rectangle(7, 0, 8, 2)),))),
        (".zones[0].rect", "one origin", bad(zones=(replace(LEFT, within=rectangle(0, 4, 3, 6)),))),
        (".scanners", "has no scanner", bad(spots=())),
        (".scanners[0].edge", '"x" is none', bad(spots=(replace(SPOT, edge=EdgeId("x")),))),
        (".scanners[1]", "hangs in two places", bad(spots=(SPOT, SPOT))),
        (".scanners[0].at", "outside the level", bad(spots=(replace(SPOT, x_m=300),))),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    where: str, said: str, spoilt: Callable[[Level], Level]
) -> None:
    ((at, problem),) = found(FloorPlan(levels=(spoilt(level()),)))[:1]
    assert at == f"[0]{where}"
    assert said in problem


def test_an_empty_extent_is_said_once() -> None:
    assert [
        at for at, _ in found(FloorPlan(levels=(bad(extent=rectangle(1, 0, 1, 4))(level()),)))
    ] == ["[0].extent"]


def test_a_plan_has_levels_each_once() -> None:
    assert [problem for _, problem in found(FloorPlan(levels=()))] == [
        "has no level; write one, or leave the floor out"
    ]
    twice = FloorPlan(levels=(level(), level("ground", "f")))
    assert [at for at, _ in found(twice)] == ["[1].level"]
    crowded = tuple(replace(SPOT, scanner=f"s{each}") for each in range(MOST_SCANNERS + 1))
    (too_many,) = found(FloorPlan(levels=(bad(spots=crowded)(level()),)))
    assert "make two levels" in too_many[1]


def test_a_survey_stays_with_its_level() -> None:
    walked = surveyed(TWO, "first", SURVEY)
    assert [each.survey for each in walked.levels] == [None, SURVEY]
    assert with_surveys_of(TWO, walked) == walked
    assert with_surveys_of(ONE, walked) == ONE
    assert with_surveys_of(FloorPlan(levels=(level("roof"),)), walked).levels[0].survey is None
    assert walked.level("cellar") is None
