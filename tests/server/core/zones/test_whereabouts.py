from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from shopbell_server.core.ids import ZoneId
from shopbell_server.core.zones.plan import FloorPlan, ZonePart
from shopbell_server.core.zones.readings import TICK_MS
from shopbell_server.core.zones.site import site_of
from shopbell_server.core.zones.whereabouts import APART_MS, MIDDLE_MS, places_in, stretches
from tests.server.core.zones.shop_plan import (
    ADA,
    DOOR,
    NOON,
    ONE,
    STORE,
    TILL,
    TWO,
    level,
    rectangle,
    reports,
)

if TYPE_CHECKING:
    from shopbell_server.core.observations import Observation

SITE, BUILDING = site_of(ONE), site_of(TWO)
AT_DOOR, AT_TILL = (1.0, 2.0), (5.0, 2.0)
WALK = reports(*AT_DOOR, range(24)) + reports(*AT_TILL, range(24, 48))


def test_a_visit_is_found_zone_by_zone() -> None:
    places = places_in(SITE, WALK)
    assert [place.zone for place in places] == [DOOR, TILL]
    assert {(place.person, place.store) for place in places} == {(ADA, STORE)}
    first, last = places
    assert first.first_ms == NOON - MIDDLE_MS
    assert last.last_ms == NOON + 47 * TICK_MS
    assert last.first_ms == first.last_ms + 1
    assert abs(last.first_ms - (NOON + 24 * TICK_MS)) <= 3 * TICK_MS


SHORT = reports(*AT_DOOR, range(3)) + reports(*AT_TILL, range(3, 6))


@settings(max_examples=10, deadline=None)
@given(st.permutations(SHORT), st.lists(st.sampled_from(SHORT)))
def test_order_and_repetition_change_nothing(
    some: list[Observation], again: list[Observation]
) -> None:
    (stretch,) = stretches(dict.fromkeys([*some, *again]))
    assert places_in(SITE, stretch) == places_in(SITE, SHORT)


def test_long_silences_part_stretches() -> None:
    pause = APART_MS // TICK_MS
    some = reports(*AT_DOOR, [0, 1, 1 + pause, 2 + 2 * pause])
    assert [len(each) // 8 for each in stretches(some[::-1])] == [3, 1]
    assert stretches([]) == []


def test_places_of_a_stretch_do_not_overlap() -> None:
    places = places_in(SITE, reports(*AT_DOOR, [0, 30, 50]) + reports(*AT_TILL, [20, 21, 45]))
    for one, other in pairwise(places):
        assert one.first_ms <= one.last_ms < other.first_ms


def test_who_is_heard_where_nobody_can_say_is_nowhere() -> None:
    rows = tuple(
        ZonePart(zone=ZoneId(f"q{number}"), within=rectangle(0, 5 * number, 60, 5 * number + 5))
        for number in range(8)
    )
    hall = replace(level(), extent=rectangle(0, 0, 60, 40), zones=rows)
    (place,) = places_in(site_of(FloorPlan(levels=(hall,))), reports(60.0, 40.0, [0], corners=[0]))
    assert place.zone is None


def test_levels_are_found_too() -> None:
    both = reports(*AT_DOOR, range(12)) + reports(*AT_TILL, range(12, 24), on="f")
    assert [place.zone for place in places_in(BUILDING, both)] == [DOOR, TILL]


def test_scanners_that_are_not_on_the_plan_say_nothing() -> None:
    elsewhere = [each._replace(scanner="cam0") for each in reports(*AT_DOOR, [0])]
    assert places_in(SITE, elsewhere) == []
