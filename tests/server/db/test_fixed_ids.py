"""Fobs and cards are kept by their marks, each one person's."""

from __future__ import annotations

import pytest

from shopbell_server.core.ids import Millis, PersonId
from shopbell_server.core.recognition.fixed_ids import FixedId, IdMark
from shopbell_server.ports.database import (
    Database,
    DatabaseBusyError,
    DatabaseRefusedError,
    UnitOfWork,
)
from tests.server.db.rows import ANNA, BEN, enrol, hashed


def fixed(number: int, person: PersonId = ANNA, at_ms: int = 1_000) -> FixedId:
    return FixedId(
        mark=IdMark(hashed(number)),
        name=f"fob-{number}",
        person=person,
        registered_ms=Millis(at_ms),
    )


@pytest.fixture
def people(work: UnitOfWork) -> UnitOfWork:
    enrol(work, ANNA, number=1)
    enrol(work, BEN, number=2)
    return work


def test_they_are_found_by_mark_and_by_person(people: UnitOfWork) -> None:
    late, early, bens = fixed(1, at_ms=2_000), fixed(2), fixed(3, BEN)
    for each in (late, early, bens):
        people.people.add_fixed_id(each)
    marks = [late.mark, bens.mark, IdMark(hashed(9))]
    assert people.people.fixed_ids(marks) == {late.mark: late, bens.mark: bens}
    assert people.people.fixed_ids([]) == {}
    assert list(people.people.fixed_ids_of(ANNA)) == [early, late]
    assert list(people.people.fixed_ids_of(PersonId("nobody"))) == []


def test_one_is_removed_by_its_name_and_only_if_it_is_hers(people: UnitOfWork) -> None:
    for each in (fixed(1), fixed(2), fixed(3, BEN)):
        people.people.add_fixed_id(each)
    assert people.people.remove_fixed_ids(ANNA, "fob-3") == 0
    assert people.people.remove_fixed_ids(ANNA, "fob-1") == 1
    assert people.people.remove_fixed_ids(ANNA, "fob-1") == 0
    assert list(people.people.fixed_ids_of(ANNA)) == [fixed(2)]
    assert list(people.people.fixed_ids_of(BEN)) == [fixed(3, BEN)]


def test_all_of_hers_are_removed_at_once(people: UnitOfWork) -> None:
    for each in (fixed(1), fixed(2), fixed(3, BEN)):
        people.people.add_fixed_id(each)
    assert people.people.remove_fixed_ids(ANNA) == 2
    assert people.people.fixed_ids([fixed(1).mark, fixed(3).mark]) == {fixed(3).mark: fixed(3, BEN)}


def test_one_that_is_somebodys_is_not_anybody_elses(database: Database) -> None:
    with database.begin() as work:
        enrol(work, ANNA, number=1)
        enrol(work, BEN, number=2)
        work.people.add_fixed_id(fixed(1))
        work.commit()
    with database.begin() as work, pytest.raises(DatabaseBusyError):
        work.people.add_fixed_id(fixed(1, BEN))


def test_one_of_nobody_is_refused(work: UnitOfWork) -> None:
    with pytest.raises(DatabaseRefusedError):
        work.people.add_fixed_id(fixed(1))


def test_more_than_a_list_holds_are_found(people: UnitOfWork) -> None:
    many = [fixed(number, at_ms=number) for number in range(1, 5_101)]
    for each in many:
        people.people.add_fixed_id(each)
    assert len(people.people.fixed_ids([each.mark for each in many])) == len(many)
