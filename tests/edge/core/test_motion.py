from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.motion import Change, Gate, GateRules, Look

STILL = Change(peak=0.5, typical=0.2)
MOTION = Change(peak=40.0, typical=1.0)
RULES = GateRules()


def frames(gate: Gate, seen: list[tuple[int, Change]]) -> list[tuple[int, Change, Look]]:
    """Show the gate frames as a camera does; return those that were due, and what it made of them."""
    out = []
    for number, (now_ms, change) in enumerate(seen):
        if gate.due(now_ms):
            out.append((now_ms, change, gate.look(now_ms, change if number else None)))
    return out


def every(interval_ms: int, change: Change, until_ms: int) -> list[tuple[int, Change]]:
    return [(at, change) for at in range(0, until_ms, interval_ms)]


@st.composite
def films(draw: st.DrawFn) -> list[tuple[int, Change]]:
    """Spells of motion and stillness of up to 8 s, frames at ten a second or more, unevenly."""
    at, out = 0, []
    spells = draw(st.lists(st.tuples(st.integers(1, 80), st.booleans()), min_size=1, max_size=12))
    for count, moves in spells:
        most_ms = draw(st.integers(5, 100))
        for _ in range(count):
            at += draw(st.integers(1, most_ms)) if count < 10 else most_ms
            out.append((at, MOTION if moves else STILL))
    return out


def test_the_first_frame_is_searched() -> None:
    assert Gate(retail=False).look(0, None) is Look.PASSES
    assert Gate(retail=True).look(0, None) is Look.EVERYTHING


def test_a_scene_in_which_nothing_moves_is_searched_twice_a_second() -> None:
    looked = frames(Gate(retail=False), every(66, STILL, 60_000))
    late = [look for at, _, look in looked if at > RULES.settle_ms]
    assert 90 <= late.count(Look.PASSES) <= 115
    assert late.count(Look.NOTHING) > 600


def test_a_phone_that_is_held_still_is_searched_in_every_frame() -> None:
    gate = Gate(retail=False)
    frames(gate, every(66, STILL, 60_000))
    assert gate.look(60_000, MOTION) is Look.PASSES
    held = [gate.look(at, STILL) for at in range(60_066, 60_000 + RULES.settle_ms, 66)]
    assert set(held) == {Look.PASSES}


def test_a_fast_camera_is_looked_at_sixteen_times_a_second() -> None:
    looked = frames(Gate(retail=False), every(8, MOTION, 10_000))
    assert 155 <= len(looked) <= 167


def test_barcodes_are_searched_twice_a_second_in_motion_and_every_two_seconds_without() -> None:
    moving = frames(Gate(retail=True), every(66, MOTION, 10_000))
    assert 17 <= [look for *_, look in moving].count(Look.EVERYTHING) <= 20
    still = frames(Gate(retail=True), every(66, STILL, 63_000))
    late = [look for at, _, look in still if at > RULES.settle_ms]
    assert 25 <= late.count(Look.EVERYTHING) <= 30


def test_barcodes_are_not_searched_unless_they_mean_something() -> None:
    for change in (STILL, MOTION):
        looked = frames(Gate(retail=False), every(66, change, 30_000))
        assert Look.EVERYTHING not in {look for *_, look in looked}


@pytest.mark.parametrize(
    ("change", "is_motion"),
    [
        (Change(peak=3.9, typical=0.5), False),
        (Change(peak=4.0, typical=0.5), True),
        # A lamp that flickers: everything changes alike.
        (Change(peak=7.0, typical=5.0), False),
        (Change(peak=21.0, typical=5.0), True),
        # The light goes on.
        (Change(peak=30.0, typical=25.0), True),
    ],
)
def test_motion_is_what_differs_more_than_the_rest(change: Change, *, is_motion: bool) -> None:
    gate = Gate(retail=False)
    frames(gate, every(66, STILL, 60_000))
    gate.look(60_000, STILL)
    gate.look(60_500, STILL)
    assert (gate.look(60_560, change) is Look.PASSES) is is_motion


@given(film=films(), retail=st.booleans())
def test_what_moves_for_longer_than_a_wave_is_decoded_within_200_ms(
    film: list[tuple[int, Change]], *, retail: bool
) -> None:
    looked = frames(Gate(retail=retail), film)
    decoded = [at for at, _, look in looked if look is not Look.NOTHING]
    for at, change in film:
        lasts = all(then is MOTION for when, then in film if at <= when <= at + 200)
        if change is MOTION and lasts and film[-1][0] >= at + 200:
            assert any(at <= then <= at + 200 for then in decoded)


@given(film=films(), retail=st.booleans())
def test_no_frame_that_is_looked_at_is_motion_and_not_decoded(
    film: list[tuple[int, Change]], *, retail: bool
) -> None:
    for _, change, look in frames(Gate(retail=retail), film):
        assert change is STILL or look is not Look.NOTHING


@given(film=films(), retail=st.booleans())
def test_nothing_stays_unsearched_for_long(film: list[tuple[int, Change]], *, retail: bool) -> None:
    """What is taped before the camera is read, and a number too, though nothing ever moves."""
    looked = frames(Gate(retail=retail), film)
    longest_ms = 100 + RULES.pace_ms
    for kinds, most_ms in (
        ({Look.PASSES, Look.EVERYTHING}, RULES.idle_ms),
        # Looked for in a frame that is decoded anyway.
        ({Look.EVERYTHING}, RULES.idle_retail_ms + RULES.idle_ms)
        if retail
        else (set(Look), RULES.idle_ms),
    ):
        times = [at for at, _, look in looked if look in kinds]
        ends = [*times, film[-1][0]]
        assert all(b - a <= most_ms + longest_ms for a, b in itertools.pairwise(ends))


@given(film=films(), retail=st.booleans())
def test_work_is_bounded_however_much_moves(
    film: list[tuple[int, Change]], *, retail: bool
) -> None:
    times = [at for at, *_ in frames(Gate(retail=retail), film)]
    assert all(b - a >= RULES.pace_ms for a, b in itertools.pairwise(times))
