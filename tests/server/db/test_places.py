from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import EdgeId, Millis, PersonId, StoreId, ZoneId
from shopbell_server.core.zones.found import Place, Unsettled
from shopbell_server.core.zones.plan import (
    FloorPlan,
    Level,
    Reading,
    Rectangle,
    Spot,
    Survey,
    ZonePart,
    surveyed,
)
from shopbell_server.ports.database import DatabaseRefusedError
from tests.server.db.rows import ANNA, BEN, STORE, add_store, enrol, entry, visit

if TYPE_CHECKING:
    from shopbell_server.ports.database import UnitOfWork

OTHER = StoreId("store-0")
PLAN = FloorPlan(
    levels=(
        Level(
            name="ground",
            extent=Rectangle(left_m=0, bottom_m=0, right_m=8, top_m=6),
            zones=(
                ZonePart(
                    zone=ZoneId("till"),
                    within=Rectangle(left_m=0, bottom_m=0, right_m=4, top_m=6),
                ),
            ),
            spots=(Spot(edge=EdgeId("edge-1"), scanner="ble0", x_m=1.0, y_m=2.0, z_m=2.5),),
        ),
    )
)
SURVEY = Survey(
    receivers=("edge-1/ble0",),
    readings=(Reading(x_m=1.0, y_m=1.0, z_m=1.2, heard_dbm={"edge-1/ble0": -60.5}),),
)


def place(first: int, last: int, zone: str | None = "till", person: PersonId = ANNA) -> Place:
    where = None if zone is None else ZoneId(zone)
    return Place(person, STORE, Millis(first), Millis(last), where)


def found(work: UnitOfWork, person: PersonId = ANNA, upto: int = 10_000) -> list[Place]:
    return list(work.places.within_each([person], STORE, Millis(0), Millis(upto)).get(person, ()))


def test_a_plan_comes_back_as_it_was_written(work: UnitOfWork) -> None:
    add_store(work)
    assert work.floor_plans.of(STORE) is None
    assert work.floor_plans.versions() == {}
    work.floor_plans.put(STORE, PLAN)
    assert work.floor_plans.of(STORE) == PLAN


def test_another_survey_is_another_version(work: UnitOfWork) -> None:
    add_store(work)
    work.floor_plans.put(STORE, PLAN)
    before = work.floor_plans.versions()
    work.floor_plans.put(STORE, PLAN)
    assert work.floor_plans.versions() == before
    walked = surveyed(PLAN, "ground", SURVEY)
    work.floor_plans.put(STORE, walked)
    assert work.floor_plans.of(STORE) == walked
    assert work.floor_plans.versions().keys() == {STORE}
    assert work.floor_plans.versions() != before


def test_a_plan_of_an_unknown_store_is_refused(work: UnitOfWork) -> None:
    with pytest.raises(DatabaseRefusedError):
        work.floor_plans.put(STORE, PLAN)


def test_places_replace_what_they_touch(work: UnitOfWork) -> None:
    work.places.put(ANNA, STORE, Millis(10), Millis(30), [place(10, 19), place(20, 30, None)])
    work.places.put(BEN, STORE, Millis(10), Millis(30), [place(10, 30, person=BEN)])
    work.places.put(ANNA, STORE, Millis(40), Millis(50), [place(40, 50)])
    assert found(work) == [place(10, 19), place(20, 30, None), place(40, 50)]
    work.places.put(ANNA, STORE, Millis(20), Millis(35), [place(21, 35)])
    assert found(work) == [place(10, 19), place(21, 35), place(40, 50)]
    assert found(work, BEN) == [place(10, 30, person=BEN)]
    assert work.places.within_each([ANNA], STORE, Millis(36), Millis(39)) == {}
    assert work.places.within_each([ANNA], OTHER, Millis(0), Millis(99)) == {}


def test_nothing_is_left_from_a_withdrawal_on(work: UnitOfWork) -> None:
    work.places.put(ANNA, STORE, Millis(10), Millis(30), [place(10, 19), place(20, 30)])
    work.places.truncate(ANNA, Millis(15))
    assert found(work) == [place(10, 14)]
    work.places.truncate(ANNA, Millis(10))
    assert found(work) == []


def test_what_is_forgotten_need_not_be_found(work: UnitOfWork) -> None:
    work.places.put(ANNA, STORE, Millis(10), Millis(30), [place(10, 19), place(40, 50)])
    work.places.unsettle([Unsettled(ANNA, STORE, Millis(10), Millis(50))])
    work.places.remove_within(ANNA, STORE, Millis(15), Millis(39))
    assert found(work) == [place(40, 50)]
    assert len(work.places.unsettled_of([ANNA])) == 1
    work.places.remove_within(ANNA, STORE, Millis(10), Millis(50))
    assert found(work) == []
    assert work.places.unsettled_of([ANNA]) == []


def test_what_has_to_be_found_grows_until_it_is(work: UnitOfWork) -> None:
    work.places.unsettle([Unsettled(ANNA, STORE, Millis(20), Millis(30))])
    work.places.unsettle(
        [
            Unsettled(ANNA, STORE, Millis(25), Millis(40)),
            Unsettled(ANNA, STORE, Millis(15), Millis(18)),
            Unsettled(ANNA, OTHER, Millis(1), Millis(2)),
        ]
    )
    whole = Unsettled(ANNA, STORE, Millis(15), Millis(40))
    other = Unsettled(ANNA, OTHER, Millis(1), Millis(2))
    assert work.places.unsettled_of([ANNA, BEN]) == [other, whole]
    work.places.settled(Unsettled(ANNA, STORE, Millis(15), Millis(39)))
    assert work.places.unsettled_of([ANNA]) == [other, whole]
    work.places.settled(whole)
    assert work.places.unsettled_of([ANNA]) == [other]


def test_only_what_is_over_is_to_be_found(work: UnitOfWork) -> None:
    add_store(work)
    enrol(work)
    work.ledger.append([entry()])
    due = Unsettled(ANNA, STORE, Millis(2_000), Millis(3_000))
    work.places.unsettle([due])
    assert work.places.unsettled(Millis(10**13), 9) == [due]
    stay = visit("v-1", due_ms=5_000)
    work.visits.put([stay])
    assert work.places.unsettled(Millis(5_000), 9) == []
    assert work.places.unsettled(Millis(5_001), 9) == [due]
    assert work.places.unsettled(Millis(5_001), 0) == []
    work.visits.put([replace(stay, state="ended")])
    assert work.places.unsettled(Millis(4_000), 9) == [due]
