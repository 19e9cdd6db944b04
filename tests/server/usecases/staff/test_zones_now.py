"""Zones on the board of a store with a floor plan, while somebody looks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shopbell_server.core.ids import Millis
from shopbell_server.usecases.staff.who_is_here import everybody, some, who_is_here
from shopbell_server.usecases.staff.zones_now import KEPT_MS, ZonesNow
from tests.server.usecases.floor import EDGES, MINUTE, NOW, RULES, SECOND, STORE
from tests.server.usecases.plans import PLAN, has_a_plan, walks

if TYPE_CHECKING:
    from shopbell_server.core.board.floor import Floor as Board
    from tests.server.usecases.floor import Floor, Someone

ARRIVED = NOW - 3 * MINUTE


def at_the_till(_at_ms: int) -> float:
    return 11.0


def at_the_door(_at_ms: int) -> float:
    return 1.0


def looked(
    floor: Floor, zones_now: ZonesNow | None, now_ms: int = NOW, before: Board | None = None
) -> Board:
    found = everybody(
        floor.database, Millis(now_ms), RULES, store=STORE, before=before, zones_now=zones_now
    )
    assert found is not None
    return found


def zone(board: Board, someone: Someone) -> str | None:
    (stay,) = board.guests[someone.person].stays
    return None if stay.zone is None else stay.zone.id


def test_without_a_plan_the_nearest_scanner_has_her(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    walks(floor, ada, at_the_till, from_ms=ARRIVED)
    assert zone(looked(floor, ZonesNow()), ada) == "entrance"


def test_with_a_plan_she_is_where_all_scanners_hear_her(floor: Floor) -> None:
    has_a_plan(floor)
    ada, eve = floor.enrol("ada", 1), floor.enrol("eve", 2)
    walks(floor, ada, at_the_till, from_ms=ARRIVED)
    walks(floor, eve, at_the_door, from_ms=ARRIVED)
    zones_now = ZonesNow()
    board = looked(floor, zones_now)
    assert (zone(board, ada), zone(board, eve)) == ("till", "entrance")
    assert zones_now.last(STORE) == {ada.person: "till", eve.person: "entrance"}


def test_she_is_followed_from_look_to_look(floor: Floor) -> None:
    has_a_plan(floor)
    ada = floor.enrol("ada", 1)
    walks(floor, ada, at_the_door, from_ms=ARRIVED)
    zones_now = ZonesNow()
    board = looked(floor, zones_now)
    assert zone(board, ada) == "entrance"
    walks(floor, ada, at_the_till, from_ms=NOW, to_ms=NOW + MINUTE)
    board = looked(floor, zones_now, NOW + MINUTE, board)
    assert zone(board, ada) == "till"
    assert zone(looked(floor, zones_now, NOW + MINUTE, board), ada) == "till"


def test_who_reads_a_few_or_once_sees_what_was_found(floor: Floor) -> None:
    has_a_plan(floor)
    ada = floor.enrol("ada", 1)
    walks(floor, ada, at_the_till, from_ms=ARRIVED)
    zones_now = ZonesNow()
    assert zones_now.last(STORE) == {}
    board = looked(floor, zones_now)
    zones = zones_now.last(STORE)
    few = some(floor.database, Millis(NOW), RULES, store=STORE, persons=[ada.person], zones=zones)
    located = few[ada.person].located
    assert located is not None
    assert located.zone == "till"
    once = everybody(floor.database, Millis(NOW), RULES, store=STORE, before=board, zones=zones)
    assert once is not None
    assert zone(once, ada) == "till"
    assert zone(looked(floor, None), ada) == "entrance", "nobody remembers"
    assert who_is_here(
        floor.database,
        Millis(NOW),
        RULES,
        store=STORE,
        viewer="advisor",
        before=board,
        zones_now=zones_now,
    )


def test_a_code_says_where_she_stands(floor: Floor) -> None:
    has_a_plan(floor)
    ada = floor.enrol("ada", 1)
    walks(floor, ada, at_the_till, from_ms=ARRIVED, to_ms=NOW - 10 * SECOND)
    floor.hear(floor.shows_pass(ada, NOW - SECOND), edge=EDGES[0])
    assert zone(looked(floor, ZonesNow()), ada) == "entrance"


def test_another_plan_is_followed_anew_and_a_store_is_forgotten(floor: Floor) -> None:
    has_a_plan(floor)
    ada = floor.enrol("ada", 1)
    walks(floor, ada, at_the_till, from_ms=ARRIVED)
    zones_now = ZonesNow()
    looked(floor, zones_now)
    with floor.database.begin() as work:
        (level,) = PLAN.levels
        left, right = level.zones
        swapped = replace(left, zone=right.zone), replace(right, zone=left.zone)
        work.floor_plans.put(STORE, replace(PLAN, levels=(replace(level, zones=swapped),)))
        work.commit()
    assert zone(looked(floor, zones_now), ada) == "entrance"
    later = looked(floor, zones_now, NOW + KEPT_MS + MINUTE)
    assert later.guests
    assert zones_now.last(STORE) == {}
