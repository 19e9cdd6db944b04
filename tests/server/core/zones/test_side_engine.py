from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopbell_server.core.zones.side_engine import (
    LEAST,
    SETTLED_S,
    Carried,
    Doorway,
    first_state,
    inside_probability,
    next_state,
)
from shopbell_server.core.zones.side_training import learned_sides
from tests.server.core.zones.doorways import INSIDE, RECEIVERS, UP, recording

BLIND = Doorway(inside=INSIDE, model=None)
SURVEYED = Doorway(inside=INSIDE, model=learned_sides([recording(1)], INSIDE))
INNER = np.where(INSIDE, -60.0, -72.0)
OUTER = np.where(INSIDE, -72.0, -60.0)
UNHEARD = np.full(RECEIVERS, np.nan)


@pytest.mark.parametrize("side", [True, False])
def test_a_door_has_two_sides(side: bool) -> None:  # noqa: FBT001 - a parameter of a test
    with pytest.raises(ValueError, match="receivers on both sides"):
        Doorway(inside=np.full(3, side), model=None)


def test_a_survey_of_other_receivers_is_refused() -> None:
    with pytest.raises(ValueError, match="knows 5 receivers, the doorway 2"):
        Doorway(inside=np.array([True, False]), model=SURVEYED.model)


@pytest.mark.parametrize("doorway", [BLIND, SURVEYED], ids=["blind", "surveyed"])
def test_a_device_is_at_once_where_it_is_first_heard(doorway: Doorway) -> None:
    state, _ = next_state(
        doorway, first_state(doorway, 3), 100.0, np.stack([INNER, OUTER, UNHEARD]), UP
    )
    assert state.inside.tolist() == [True, False, False]


@pytest.mark.parametrize("doorway", [BLIND, SURVEYED], ids=["blind", "surveyed"])
def test_a_device_that_falls_silent_keeps_its_side(doorway: Doorway) -> None:
    state = first_state(doorway, 1)
    for at_s in range(10):
        state, _ = next_state(doorway, state, at_s, INNER[None], UP)
    for at_s in range(10, 1000, 10):
        state, judgement = next_state(doorway, state, at_s, UNHEARD[None], UP)
        assert state.inside.tolist() == [True]
        assert 0.0 <= judgement.inside[0] <= 1.0


@settings(max_examples=15)
@given(
    ticks=st.lists(
        st.lists(st.one_of(st.none(), st.integers(-94, -30)), min_size=10, max_size=10),
        min_size=1,
        max_size=20,
    ),
    up=st.lists(st.booleans(), min_size=RECEIVERS, max_size=RECEIVERS),
    tick_s=st.floats(0.05, 90.0),
)
@pytest.mark.parametrize("doorway", [BLIND, SURVEYED], ids=["blind", "surveyed"])
def test_a_device_is_judged_alike_alone_and_among_others(
    doorway: Doorway, ticks: list[list[int | None]], up: list[bool], tick_s: float
) -> None:
    hears = np.array(up)
    both, alone = first_state(doorway, 2), first_state(doorway, 1)
    for tick, values in enumerate(ticks):
        rssi = np.array([np.nan if v is None else v for v in values], dtype=float).reshape(2, -1)
        rssi = np.where(hears, rssi, np.nan)
        both, of_both = next_state(doorway, both, tick * tick_s, rssi, hears)
        alone, of_alone = next_state(doorway, alone, tick * tick_s, rssi[1:], hears)
        assert of_both.inside[1] == pytest.approx(of_alone.inside[0], abs=1e-6)
        assert np.all((of_both.inside >= 0) & (of_both.inside <= 1))


@settings(max_examples=15)
@given(
    ticks=st.lists(
        st.lists(st.one_of(st.none(), st.integers(-94, -30)), min_size=10, max_size=10),
        min_size=1,
        max_size=20,
    ),
    order=st.permutations(range(RECEIVERS)),
)
def test_the_order_of_receivers_and_of_devices_changes_nothing(
    ticks: list[list[int | None]], order: list[int]
) -> None:
    turned = Doorway(inside=INSIDE[order], model=None)
    one, other = first_state(BLIND, 2), first_state(turned, 2)
    for tick, values in enumerate(ticks):
        rssi = np.array([np.nan if v is None else v for v in values], dtype=float).reshape(2, -1)
        one, of_one = next_state(BLIND, one, tick * 0.5, rssi, UP)
        other, of_other = next_state(turned, other, tick * 0.5, rssi[::-1, order], UP)
        assert np.allclose(of_one.inside, of_other.inside[::-1])
        assert one.inside.tolist() == other.inside[::-1].tolist()


@pytest.mark.parametrize("doorway", [BLIND, SURVEYED], ids=["blind", "surveyed"])
@pytest.mark.parametrize("dead", range(RECEIVERS))
def test_a_receiver_that_dies_on_the_way_moves_nobody_to_the_other_side(
    doorway: Doorway, dead: int
) -> None:
    state, up = first_state(doorway, 2), UP.copy()
    both = np.stack([INNER, OUTER])
    for tick in range(120):
        if tick == 40:
            both[:, dead] = np.nan
        up[dead] = tick < 80  # as long as nobody knows that it is dead
        state, judgement = next_state(doorway, state, tick * 0.5, both, up)
        assert np.isfinite(judgement.inside).all()
        assert state.inside.tolist() == [True, False]


@pytest.mark.parametrize("doorway", [BLIND, SURVEYED], ids=["blind", "surveyed"])
def test_whoever_crossed_is_not_back_at_once(doorway: Doorway) -> None:
    state, crossed = first_state(doorway, 1), [0.0]
    for tick in range(600):
        at_s, was = tick * 0.1, state.inside[0]
        state, _ = next_state(doorway, state, at_s, (OUTER if was else INNER)[None], UP)
        if tick and state.inside[0] != was:
            crossed.append(at_s)
    assert len(crossed) > 2
    assert min(np.diff(crossed[1:])) >= SETTLED_S


def test_a_stranger_is_judged_without_the_survey() -> None:
    surveyed = np.array([[6.0]])
    blind = np.array([0.1])
    stranger = Carried(trust=np.array([[LEAST]]), likeness=np.zeros((1, 1)))
    friend = Carried(trust=np.array([[-LEAST]]), likeness=np.zeros((1, 1)))
    assert inside_probability(surveyed, stranger, blind)[0] == pytest.approx(0.1, abs=0.01)
    assert inside_probability(surveyed, friend, blind)[0] == pytest.approx(1.0, abs=0.01)


def test_the_carrier_that_fits_best_is_asked() -> None:
    opinions = np.array([[6.0, -6.0]])
    first = Carried(trust=np.full((1, 2), 9.0), likeness=np.array([[0.0, LEAST]]))
    second = Carried(trust=np.full((1, 2), 9.0), likeness=np.array([[LEAST, 0.0]]))
    assert inside_probability(opinions, first, np.array([0.5]))[0] > 0.99
    assert inside_probability(opinions, second, np.array([0.5]))[0] < 0.01


def test_one_who_is_carried_otherwise_loses_the_trust_of_the_survey_within_seconds() -> None:
    strange = np.where(np.arange(RECEIVERS) % 2 == 0, -40.0, -90.0)
    state = first_state(SURVEYED, 1)
    for tick in range(60):
        state, _ = next_state(SURVEYED, state, tick * 0.1, strange[None], UP)
    assert state.carried.trust[0, 0] < 0
