from __future__ import annotations

from shopbell_server.core.ids import Millis
from shopbell_server.core.zones.plan import Reading, Survey
from shopbell_server.core.zones.readings import TICK_MS, ZERO_LOSS_DBM
from shopbell_server.core.zones.survey_walk import (
    SETTLED_MS,
    SHORTEST_MS,
    Stand,
    reading_at,
    survey_with,
)
from tests.server.core.zones.shop_plan import NOON, level, loss_db, reports

STAND = Stand(
    x_m=1.0, y_m=2.0, z_m=1.2, from_ms=Millis(NOON - SETTLED_MS), to_ms=Millis(NOON + 6 * TICK_MS)
)


def point(x: float, y: float, dbm: float) -> Reading:
    return Reading(x_m=x, y_m=y, z_m=1.2, heard_dbm={"edge-1/g0": dbm})


def test_a_point_has_what_its_level_heard_once_the_way_there_is_over() -> None:
    before, after = reports(6, 4, [-1]), reports(6, 4, [7])
    heard = [*after, *reports(1, 2, [0, 6]), *before]
    reading = reading_at(STAND, heard, level())
    assert reading.heard_dbm.keys() == {f"edge-1/g{index}" for index in range(4)}
    assert reading.heard_dbm["edge-1/g0"] == round(ZERO_LOSS_DBM - loss_db(1, 2, 0), 2)
    assert reading_at(STAND, before + after, level()).heard_dbm == {}


def test_who_goes_on_too_soon_has_not_stood() -> None:
    assert STAND.is_long_enough
    short = Millis(STAND.from_ms + SHORTEST_MS - 1)
    assert not Stand(x_m=1, y_m=2, z_m=1, from_ms=STAND.from_ms, to_ms=short).is_long_enough


def test_points_are_added_and_those_walked_again_replaced() -> None:
    names = tuple(f"edge-1/g{index}" for index in range(4))
    first = survey_with(None, [point(1, 1, -60), point(2, 1, -70)], level())
    assert first.receivers == names
    second = survey_with(first, [point(1.2, 1, -65)], level())
    assert second.readings == (point(2, 1, -70), point(1.2, 1, -65))
    older = Survey(receivers=("cellar/x", names[0]), readings=())
    assert survey_with(older, [], level()).receivers == ("cellar/x", *names)
