from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import StoreId, ZoneId
from shopbell_server.core.visits.app_reports import Spot, StoreBeacon
from shopbell_server.ports.database import DatabaseRefusedError
from tests.server.db.rows import STORE, add_store

if TYPE_CHECKING:
    from shopbell_server.ports.database import UnitOfWork

OTHER = StoreId("store-0")
SPOT = Spot(uuid="7e3b4c1a-0d5f-4c2e-9a61-2f8d5b7c9e04", major=1, minor=65_535)
DOOR = StoreBeacon(name="door", store=STORE, spot=SPOT, zone=ZoneId("entrance"))


def test_a_beacon_is_found_by_its_name_and_by_how_it_is_heard(work: UnitOfWork) -> None:
    add_store(work)
    work.registry.put_beacon(DOOR)
    assert work.registry.beacon("door") == DOOR
    assert work.registry.beacon(SPOT) == DOOR
    assert work.registry.beacon("till") is None
    for other in (replace(SPOT, minor=1), replace(SPOT, major=2), replace(SPOT, uuid="0" * 36)):
        assert work.registry.beacon(other) is None


def test_a_beacon_that_moves_is_in_its_new_place_alone(work: UnitOfWork) -> None:
    add_store(work)
    add_store(work, OTHER)
    work.registry.put_beacon(DOOR)
    moved = replace(DOOR, store=OTHER, zone=None)
    work.registry.put_beacon(moved)
    assert work.registry.beacon("door") == work.registry.beacon(SPOT) == moved
    renamed = replace(moved, name="till")
    work.registry.put_beacon(renamed)
    assert work.registry.beacon("door") is None
    assert work.registry.beacon(SPOT) == renamed


def test_a_beacon_of_an_unknown_store_is_refused(work: UnitOfWork) -> None:
    with pytest.raises(DatabaseRefusedError):
        work.registry.put_beacon(DOOR)
