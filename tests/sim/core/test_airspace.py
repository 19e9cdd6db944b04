from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import msgspec
import pytest

from shopbell_sim.core import advert
from shopbell_sim.core.airspace import Airspace, Heard, Sender
from shopbell_sim.core.floor import DEMO_FLOOR
from shopbell_sim.core.radio import SHOP
from shopbell_sim.core.site.shapes import Point
from shopbell_sim.core.stranger import STREET_M_PER_S, stranger

if TYPE_CHECKING:
    from shopbell_sim.core.ether.numbers import Ether

FRAME = advert.foreign_ibeacon("00112233-4455-6677-8899-aabbccddeeff", 1, 2, -59)
PERFECT = msgspec.structs.replace(SHOP, lost=0.0)
AT_THE_DOOR = Sender(
    key="p",
    at=Point(4, 12),
    heading_rad=0,
    moving=False,
    offset_db=0,
    interval_ms=250,
    adverts=(FRAME,),
)


def _heard(sender: Sender, seconds: int, air: Ether = PERFECT) -> list[Heard]:
    rng = Random(1)
    space = Airspace(DEMO_FLOOR, air, rng)
    return [
        one for tick in range(seconds * 10) for one in space.step(rng, [sender], 1000 + tick / 10)
    ]


def test_a_phone_is_heard_at_its_interval_by_every_scanner_near() -> None:
    near = [one for one in _heard(AT_THE_DOOR, 60) if one.scanner == "door-radio"]
    assert len(near) == pytest.approx(60 / 0.255, rel=0.05)
    assert {one.payload for one in near} == {FRAME.payload}


def test_it_is_strongest_where_it_is() -> None:
    heard = _heard(AT_THE_DOOR, 30)
    means = {
        scanner.name: sum(one.rssi_dbm for one in heard if one.scanner == scanner.name)
        / max(1, sum(one.scanner == scanner.name for one in heard))
        for scanner in DEMO_FLOOR.scanners
    }
    assert max(means, key=lambda name: means[name]) == "door-radio"


def test_a_phone_without_a_frame_is_silent() -> None:
    assert not _heard(replace(AT_THE_DOOR, adverts=()), 5)


def test_a_stall_is_not_made_up_for() -> None:
    rng = Random(1)
    space = Airspace(DEMO_FLOOR, PERFECT, rng)
    space.step(rng, [AT_THE_DOOR], 0)
    space.step(rng, [AT_THE_DOOR], 1)
    late = [one for one in space.step(rng, [AT_THE_DOOR], 3600) if one.scanner == "door-radio"]
    assert len(late) <= 8


def test_a_stranger_walks_by_and_is_gone() -> None:
    rng = Random(3)
    one = stranger(rng, DEMO_FLOOR, 100.0, 1)
    there = one.at(DEMO_FLOOR, 110.0)
    assert there is not None
    assert DEMO_FLOOR.is_outside(there)
    assert one.at(DEMO_FLOOR, 100 + 30 / STREET_M_PER_S) is None
    assert one.sender(there).adverts[0].frame == "foreign"
