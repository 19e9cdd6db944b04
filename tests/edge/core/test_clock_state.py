from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.clock_state import (
    HOLDOVER_MS,
    NO_BOUND_MS,
    Reading,
    Told,
    Trust,
    begin,
    tell,
)
from shopbell_edge.core.units import Boottime

NOON_MS = 1_795_262_400_000


def reading(
    at: int, *, wall_ms: int = NOON_MS, disciplined: bool = True, err_ms: int = 20
) -> Reading:
    return Reading(
        boottime_ms=Boottime(at), wall_ms=wall_ms, disciplined=disciplined, err_ms=err_ms
    )


def lost(at: int, *, wall_ms: int = NOON_MS) -> Reading:
    return reading(at, wall_ms=wall_ms, disciplined=False, err_ms=16_000)


def test_a_disciplined_clock_within_a_quarter_second_is_synced() -> None:
    _, told = tell(begin(reading(5)), reading(5, err_ms=250))
    assert told == Told(wall_ms=NOON_MS, state="synced", err_ms=250)


def test_a_clock_that_nobody_set_counts_on_from_the_start_of_the_process() -> None:
    trust = begin(lost(1_000, wall_ms=5_000))
    trust, told = tell(trust, lost(3_000, wall_ms=99_000))
    assert told == Told(wall_ms=7_000, state="unsynced", err_ms=NO_BOUND_MS)


def test_unsynced_time_is_never_before_the_epoch() -> None:
    _, told = tell(Trust(offset_ms=-500), lost(100, wall_ms=0))
    assert told.wall_ms == 0


def test_a_lost_discipline_is_holdover_and_the_error_grows_with_the_crystal() -> None:
    trust, _ = tell(begin(reading(0)), reading(0, err_ms=20))
    _, told = tell(trust, lost(1_000_000, wall_ms=NOON_MS + 1_000_000))
    assert told == Told(wall_ms=NOON_MS + 1_000_000, state="holdover", err_ms=20 + 50)


def test_after_three_days_holdover_is_over_and_time_goes_on_without_a_step() -> None:
    trust, _ = tell(begin(reading(0)), reading(0))
    _, told = tell(trust, lost(HOLDOVER_MS))
    assert told.state == "holdover"
    _, told = tell(trust, lost(HOLDOVER_MS + 1))
    assert told == Told(wall_ms=NOON_MS + HOLDOVER_MS + 1, state="unsynced", err_ms=NO_BOUND_MS)


def test_a_wide_bound_of_the_kernel_is_holdover_with_the_better_of_both_errors() -> None:
    _, told = tell(begin(reading(0)), reading(9, err_ms=700))
    assert (told.state, told.err_ms) == ("holdover", 700)
    trust, _ = tell(begin(reading(0)), reading(0, err_ms=20))
    _, told = tell(trust, reading(1_000_000, err_ms=700))
    assert (told.state, told.err_ms) == ("holdover", 70)


READINGS = st.lists(
    st.builds(
        reading,
        st.integers(0, 10**12),
        wall_ms=st.integers(0, 2 * NOON_MS),
        disciplined=st.booleans(),
        err_ms=st.integers(0, 16_000),
    ),
    min_size=1,
)


@given(READINGS)
def test_unsynced_time_keeps_one_offset_and_errors_are_never_negative(
    readings: list[Reading],
) -> None:
    readings.sort(key=lambda one: one.boottime_ms)
    trust = begin(readings[0])
    offsets: set[int] = set()
    for one in readings:
        before = trust
        trust, told = tell(trust, one)
        assert told.err_ms >= 0
        if told.state == "unsynced" and before.synced_at is None and told.wall_ms:
            offsets.add(told.wall_ms - one.boottime_ms)
    assert len(offsets) <= 1
