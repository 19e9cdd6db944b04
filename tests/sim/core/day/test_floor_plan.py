"""What the server is told of a simulated shop."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shopbell_server.core.ids import EdgeId, ZoneId
from shopbell_server.core.zones.plan import flaws
from shopbell_sim.adapters.day_file import known_days, path_of, read_day
from shopbell_sim.core.day.floor_plan import floor_plan
from shopbell_sim.core.site.shapes import Point, Zone
from tests.sim.core.a_site import FLAT, SITE, UPSTAIRS


def test_every_level_with_its_zones_and_scanners_is_on_the_plan() -> None:
    ground, up = floor_plan(SITE).levels

    assert [part.zone for part in ground.zones] == ["front", "back"]
    assert [spot.scanner for spot in up.spots] == ["up"]


def test_a_level_that_nothing_hears_is_not_on_the_plan() -> None:
    site = replace(FLAT, levels=(*FLAT.levels, UPSTAIRS))

    assert [level.name for level in floor_plan(site).levels] == ["Ground"]


def test_a_zone_with_corners_is_cut_into_rectangles() -> None:
    bent = Zone(
        id="bent",
        name="Bent",
        outline=(Point(0, 0), Point(6, 0), Point(6, 2), Point(2, 2), Point(2, 5), Point(0, 5)),
    )
    site = replace(FLAT, levels=(replace(FLAT.ground, zones=(bent,)),))

    (level,) = floor_plan(site).levels

    areas = [
        (each.within.right_m - each.within.left_m) * (each.within.top_m - each.within.bottom_m)
        for each in level.zones
    ]
    assert sum(areas) == pytest.approx(6 * 2 + 2 * 3)
    assert not any(each.within.holds(4, 4) for each in level.zones)


@pytest.mark.parametrize("name", known_days())
def test_a_server_would_take_the_plans_of_the_days_that_come_along(name: str) -> None:
    site = read_day(path_of(name)).site

    zones = [ZoneId(each) for each in site.zone_ids()]
    edges = {EdgeId(each.edge) for each in site.receivers}
    assert not list(flaws(floor_plan(site), zones, edges))
