"""What is asked for many people at once says the same as what is asked for one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shopbell_server.core.ids import Millis, PersonId, StoreId
from tests.server.db.rows import (
    ANNA,
    BEN,
    STORE,
    add_store,
    entry,
    interval,
    visit,
)

if TYPE_CHECKING:
    from shopbell_server.ports.database import UnitOfWork

EVE = PersonId("person-eve")
OTHER = StoreId("store-2")


def test_intervals_of_each(work: UnitOfWork) -> None:
    work.intervals.join(
        [
            interval(1_000, 2_000, person=BEN),
            interval(1_500, 3_000),
            interval(1_000, 2_000),
            interval(1_000, 1_999, scanner="late"),
            interval(9_000, 9_000),
            interval(2_000, 2_000, store=OTHER),
        ]
    )
    found = work.intervals.within_each([EVE, BEN, ANNA], STORE, Millis(2_000), Millis(3_000))
    assert {person: list(each) for person, each in found.items()} == {
        person: list(work.intervals.within(person, STORE, Millis(2_000), Millis(3_000)))
        for person in (ANNA, BEN)
    }
    assert work.intervals.within_each([], STORE, Millis(0), Millis(9_999)) == {}


def test_visits_of_each(work: UnitOfWork) -> None:
    add_store(work)
    add_store(work, OTHER)
    work.ledger.append([entry(), entry(person=BEN)])
    work.visits.put(
        [
            visit("v4", 1_000, 2_000, person=BEN),
            visit("v3", 3_000, 4_000),
            visit("v2", 1_000, 2_000),
            visit("v1", 1_000, 2_000, store=OTHER),
            visit("v0", 5_001, 6_000),
        ]
    )
    found = work.visits.touching_each([BEN, ANNA, EVE], STORE, Millis(2_000), Millis(5_000))
    assert {person: list(each) for person, each in found.items()} == {
        person: list(work.visits.touching(person, STORE, Millis(2_000), Millis(5_000)))
        for person in (ANNA, BEN)
    }
    assert [each.id for each in found[ANNA]] == ["v2", "v3"]


def test_handles_are_those_of_everybody_who_may_be_here(work: UnitOfWork) -> None:
    add_store(work)
    add_store(work, OTHER)
    work.ledger.append([entry()])
    rows = {
        "v9": visit("v9", 1_000, 9_000, state="candidate"),
        "v8": visit("v8", 1_000, 8_999, gone_ms=9_000),
        "v7": visit("v7", 1_000, 8_999, gone_ms=8_999),
        "v6": visit("v6", 1_000, 9_000, state="ended"),
        "v5": visit("v5", 1_000, 9_000, store=OTHER),
        "v4": visit("v4", 1_000, 9_001),
    }
    work.visits.put([replace(each, handle=int(name[1])) for name, each in rows.items()])
    assert work.visits.handles(STORE, Millis(9_000)) == [4, 8, 9]
