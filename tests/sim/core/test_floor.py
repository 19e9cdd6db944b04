from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_sim.core.floor import DEMO_FLOOR, GLASS_DB, distance_m
from shopbell_sim.core.site.shapes import Point, crosses, inside

PLACES = (*DEMO_FLOOR.spots, DEMO_FLOOR.till, *DEMO_FLOOR.queue)
STREET = (Point(-1, 17), Point(25, 17.5), Point(4, 15))

places = st.sampled_from(PLACES)
streets = st.sampled_from(STREET)


def _legs(a: Point, b: Point) -> list[tuple[Point, Point]]:
    way = DEMO_FLOOR.route(a, b)
    return list(zip((a, *way), way, strict=False))


@given(a=places | streets, b=places | streets)
def test_a_way_ends_where_it_should(a: Point, b: Point) -> None:
    assert DEMO_FLOOR.route(a, b)[-1] == b


@given(a=places | streets, b=places | streets)
def test_nobody_walks_through_a_gondola_or_a_wall(a: Point, b: Point) -> None:
    solid = [(wall.a, wall.b) for wall in DEMO_FLOOR.walls]
    for start, end in _legs(a, b):
        assert not any(crosses(start, end, *line) for line in solid)


@given(a=places, b=streets)
def test_who_goes_out_or_in_goes_through_the_door(a: Point, b: Point) -> None:
    assert DEMO_FLOOR.door in DEMO_FLOOR.route(a, b)
    assert DEMO_FLOOR.door in DEMO_FLOOR.route(b, a)


@given(place=places)
def test_wherever_somebody_stops_is_a_zone(place: Point) -> None:
    assert DEMO_FLOOR.zone_at(place) is not None
    assert not DEMO_FLOOR.is_outside(place)


@given(x=st.floats(0.01, 23.99), y=st.floats(0.01, 13.99))
def test_zones_cover_the_shop_once(x: float, y: float) -> None:
    found = [zone.id for zone in DEMO_FLOOR.zones if inside(zone.outline, Point(x, y))]
    assert len(found) == 1


@pytest.mark.parametrize("street", STREET)
def test_the_street_is_no_zone(street: Point) -> None:
    assert DEMO_FLOOR.zone_at(street) is None
    assert DEMO_FLOOR.is_outside(street)


def test_each_scanner_hangs_in_its_zone() -> None:
    for scanner in DEMO_FLOOR.scanners:
        assert DEMO_FLOOR.zone_at(scanner.at) == scanner.zone


def test_the_window_takes_some_of_a_signal() -> None:
    assert DEMO_FLOOR.losses_db(Point(10, 12), Point(10, 16)) == GLASS_DB
    assert DEMO_FLOOR.losses_db(Point(4, 12), Point(4, 16)) == 0


@given(a=places, b=places)
def test_walls_and_distances_are_the_same_both_ways(a: Point, b: Point) -> None:
    assert DEMO_FLOOR.losses_db(a, b) == DEMO_FLOOR.losses_db(b, a)
    assert distance_m(a, b) == distance_m(b, a)
