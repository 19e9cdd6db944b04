from __future__ import annotations

import statistics
from dataclasses import replace
from math import pi
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_sim.core.ether.numbers import STRONGEST_DBM
from shopbell_sim.core.radio import (
    SHOP,
    Path,
    Shadow,
    away,
    collision,
    fading_db,
    mean_dbm,
    receive,
)
from shopbell_sim.core.site.shapes import Point

AIR = SHOP
NEAR = Path(
    distance_m=1,
    walls_db=0,
    shadow_db=0,
    away=0,
    moving=False,
    phone_db=0,
    scanner_db=0,
    duty=1,
    senders=0,
    interval_ms=250,
)

paths = st.builds(
    Path,
    distance_m=st.floats(0, 200),
    walls_db=st.floats(0, 60),
    shadow_db=st.floats(-4, 4),
    away=st.floats(0, 1),
    moving=st.booleans(),
    phone_db=st.floats(-15, 15),
    scanner_db=st.floats(-10, 10),
    duty=st.floats(0, 1),
    senders=st.integers(0, 300),
    interval_ms=st.floats(20, 2000),
)


@given(path=paths, further=st.floats(0.1, 50), wall=st.floats(0.1, 20))
def test_distance_walls_and_backs_never_strengthen(path: Path, further: float, wall: float) -> None:
    here = mean_dbm(path, AIR)
    assert mean_dbm(replace(path, distance_m=path.distance_m + further), AIR) <= here
    assert mean_dbm(replace(path, walls_db=path.walls_db + wall), AIR) < here
    assert mean_dbm(replace(path, away=1), AIR) <= here


@given(path=paths, seed=st.integers(0, 1000))
def test_what_is_received_is_whole_and_possible(path: Path, seed: int) -> None:
    rssi = receive(Random(seed), path, AIR)
    assert rssi is None or rssi in range(-110, STRONGEST_DBM + 1)


@given(path=paths, seed=st.integers(0, 1000))
def test_the_same_dice_give_the_same_air(path: Path, seed: int) -> None:
    assert receive(Random(seed), path, AIR) == receive(Random(seed), path, AIR)


def test_doubling_the_distance_costs_six_db() -> None:
    loss = mean_dbm(NEAR, AIR) - mean_dbm(replace(NEAR, distance_m=2), AIR)
    assert loss == pytest.approx(6.02, abs=0.01)


def test_a_scanner_that_never_listens_hears_nothing() -> None:
    rng = Random(1)
    assert all(receive(rng, replace(NEAR, duty=0), AIR) is None for _ in range(200))


def test_most_packets_of_a_near_phone_arrive() -> None:
    rng = Random(2)
    heard = sum(receive(rng, NEAR, AIR) is not None for _ in range(4000)) / 4000
    assert heard == pytest.approx(1 - AIR.lost, abs=0.03)


def test_a_far_phone_is_not_heard() -> None:
    rng = Random(3)
    far = replace(NEAR, distance_m=400)
    assert sum(receive(rng, far, AIR) is not None for _ in range(500)) < 25


def test_two_hundred_phones_at_250_ms_lose_nearly_half() -> None:
    assert collision(200, 250) == pytest.approx(0.45, abs=0.01)
    assert collision(0, 250) == 0


@pytest.mark.parametrize(("rician_db", "sd_db"), [(2.0, 4.4), (8.0, 2.4)])
def test_fading_is_neutral_in_power_and_wider_when_walking(rician_db: float, sd_db: float) -> None:
    rng = Random(4)
    draws = [fading_db(rng, rician_db) for _ in range(20_000)]
    assert statistics.fmean(10 ** (each / 10) for each in draws) == pytest.approx(1, abs=0.03)
    assert statistics.stdev(draws) == pytest.approx(sd_db, abs=0.5)


def test_shadowing_is_as_wide_as_it_says_and_smooth() -> None:
    fields = [Shadow(Random(seed), 2.5) for seed in range(300)]
    here, near, far = Point(5, 5), Point(5.2, 5), Point(25, 5)
    values = [field.at(here) for field in fields]
    assert statistics.stdev(values) == pytest.approx(1, abs=0.12)
    assert statistics.correlation(values, [field.at(near) for field in fields]) > 0.95
    assert abs(statistics.correlation(values, [field.at(far) for field in fields])) < 0.2


def test_a_body_is_in_the_way_only_from_behind() -> None:
    here, scanner = Point(0, 0), Point(3, 0)
    assert away(0, here, scanner) == pytest.approx(0)
    assert away(pi, here, scanner) == pytest.approx(1)
    assert away(pi / 2, here, scanner) == pytest.approx(0.5)
