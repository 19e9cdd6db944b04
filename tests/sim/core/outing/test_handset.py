from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_sim.core.outing.handset import (
    ANDROID_OFF_MS,
    BODY_DB,
    CARRIES,
    IPHONE_OPEN_S,
    OnAir,
    draw_handset,
    on_air,
    sendings,
)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


PHONE = draw_handset(rng(), iphones=0.0, spread_db=7.4)
IPHONE = replace(PHONE, platform="ios")


def test_models_differ_as_they_are_told_to() -> None:
    dice = rng()
    drawn = [draw_handset(dice, iphones=0.4, spread_db=7.4) for _ in range(2000)]

    assert np.std([each.offset_db for each in drawn]) == pytest.approx(7.4, rel=0.1)
    assert np.mean([each.platform == "ios" for each in drawn]) == pytest.approx(0.4, abs=0.05)
    assert {each.rests for each in drawn} == {"pocket", "bag"}
    for carry, (least, most) in BODY_DB.items():
        bodies = [each.body_db[CARRIES.index(carry)] for each in drawn]
        assert least <= min(bodies) <= max(bodies) <= most


@given(st.integers(0, 10_000), st.floats(1, 5000))
def test_android_is_on_the_air_all_the_time(seed: int, length_s: float) -> None:
    stretches = on_air(rng(seed), PHONE, 100.0, 100.0 + length_s)

    assert stretches[0].from_s == 100
    assert stretches[-1].until_s == 100 + length_s
    assert all(a.until_s == b.from_s for a, b in pairwise(stretches))
    assert all((each.carry == "hand") == (each.interval_ms < ANDROID_OFF_MS) for each in stretches)


@given(st.integers(0, 10_000), st.lists(st.floats(0, 3000), max_size=3))
def test_an_iphone_is_on_the_air_in_bursts(seed: int, opened_s: list[float]) -> None:
    stretches = on_air(rng(seed), IPHONE, 0.0, 3000.0, opened_s)

    assert all(0 < each.until_s - each.from_s <= IPHONE_OPEN_S[1] for each in stretches)
    assert all(a.until_s <= b.from_s for a, b in pairwise(stretches))
    assert all(each.until_s <= 3000 for each in stretches)
    if opened_s and min(opened_s) < 2900:
        assert stretches


@given(st.integers(0, 10_000))
def test_frames_are_sent_at_their_interval_and_a_little_late(seed: int) -> None:
    stretch = OnAir(10.0, 70.0, 250.0, "bag")

    times, carries = sendings(rng(seed), [stretch], 10.0)

    assert (np.diff(times) >= 0.25 - 1e-9).all()
    assert (np.diff(times) <= 0.26 + 1e-9).all()
    assert 10 <= times[0] <= 10.26
    assert times[-1] < 70
    assert set(carries.tolist()) == {CARRIES.index("bag")}


def test_a_phone_that_is_never_on_the_air_sends_nothing() -> None:
    times, carries = sendings(rng(), [], 10.0)

    assert len(times) == len(carries) == 0
