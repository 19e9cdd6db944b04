from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shopbell_sim.core.site.shapes import Point, Wall
from shopbell_sim.core.site.site import Place, Rack, Site
from shopbell_sim.core.site.ways import NoWayError, Ways
from tests.sim.core.a_site import GROUND, SITE, ways

INDOORS = st.builds(Place, st.just(0), st.floats(0.6, 9.4), st.floats(0.6, 7.4))


def in_rack(site: Site, at: Place) -> bool:
    return any(
        rack.left < at.x < rack.right and rack.top < at.y < rack.bottom
        for rack in site.levels[at.level].racks
    )


@given(INDOORS, INDOORS)
def test_nobody_walks_through_a_rack(start: Place, end: Place) -> None:
    assume(not in_rack(SITE, start) and not in_rack(SITE, end))

    corners = ways().route(start, end)

    assert corners[-1] == end
    # The first and last step are to and from the middle of a cell, half a metre at the most.
    for a, b in itertools.pairwise(corners[:-1]):
        for share in (0.1, 0.3, 0.5, 0.7, 0.9):
            at = Place(0, a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share)
            assert not in_rack(SITE, at)


def test_one_comes_in_by_the_door() -> None:
    door = SITE.doors[0]

    corners = ways().route(Place(0, -5, 10), Place(0, 1, 1))

    assert any(abs(at.x - door.x) < 1.2 and abs(at.y - door.y) < 1.2 for at in corners)


def test_the_street_is_open() -> None:
    assert ways().route(Place(0, -5, 10), Place(0, 15, 9.5)) == (Place(0, 15, 9.5),)


def test_stairs_lead_up_and_down() -> None:
    up = ways().route(Place(0, 1, 1), Place(1, 2, 6))
    down = ways().route(Place(1, 2, 6), Place(0, 1, 1))

    assert SITE.stairs[0].above in up
    assert SITE.stairs[0].below in down


def test_a_way_is_remembered() -> None:
    start, end = Place(0, 1, 1), Place(0, 8, 6)

    assert ways().route(start, end) is ways().route(start, end)


def test_without_stairs_nobody_comes_up() -> None:
    with pytest.raises(NoWayError, match="no stairs lead from level 0 to level 1"):
        Ways(replace(SITE, stairs=())).route(Place(0, 1, 1), Place(1, 2, 6))


WALLED = replace(
    SITE, levels=(replace(GROUND, walls=(Wall(a=Point(0, 5), b=Point(10, 5), loss_db=3),)),)
)


def test_a_wall_closes_off_what_is_behind_it() -> None:
    with pytest.raises(NoWayError, match=r"no way on level 0 from \(1.0, 1.0\)"):
        Ways(WALLED).route(Place(0, 1, 1), Place(0, 1, 7))
    with pytest.raises(NoWayError, match=r"no way on level 0 to \(1.0, 7.0\)"):
        Ways(WALLED).reaches(Place(0, 1, 1), [Place(0, 1, 7)])


def test_a_wall_may_be_a_point() -> None:
    pillar = replace(GROUND, walls=(Wall(a=Point(5, 5), b=Point(5, 5), loss_db=3),))

    Ways(replace(SITE, levels=(pillar,))).reaches(Place(0, 1, 1), [Place(0, 8, 7)])


def test_nobody_stands_in_the_middle_of_a_block() -> None:
    block = replace(GROUND, racks=(Rack(left=1, top=1, width_m=6, depth_m=6),))

    with pytest.raises(NoWayError, match=r"nobody can stand near \(4.0, 4.0\) on level 0"):
        Ways(replace(SITE, levels=(block,))).route(Place(0, 0.5, 0.5), Place(0, 4, 4))
