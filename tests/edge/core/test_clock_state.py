from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.clock_state import (
    DISPUTE_MS,
    HOLDOVER_MS,
    KNOWN_MS,
    NO_BOUND_MS,
    SYNCED_MS,
    Reading,
    Told,
    Trust,
    begin,
    learn,
    tell,
)
from shopbell_edge.core.units import Boottime
from shopbell_wire.messages import MAX_MS

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


def test_no_word_of_a_server_makes_it_later_than_anybody_takes() -> None:
    trust = learn(begin(lost(0)), Boottime(10), Boottime(20), MAX_MS)
    _, told = tell(trust, lost(60_000))
    assert (told.state, told.wall_ms) == ("synced", MAX_MS)


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


def test_a_clock_that_is_set_by_hand_after_its_discipline_was_lost_is_not_followed() -> None:
    trust, _ = tell(begin(reading(0)), reading(0, err_ms=20))
    day_ms = 86_400_000
    for jump_ms in (-day_ms, 600_000, day_ms):
        _, told = tell(trust, lost(60_000, wall_ms=NOON_MS + 60_000 + jump_ms))
        assert (told.wall_ms, told.state) == (NOON_MS + 60_000, "holdover")


# ------------------------------------------------------------------ what the server says


def test_where_ntp_is_blocked_the_server_serves_with_half_the_round_trip_as_error() -> None:
    trust = begin(lost(1_000, wall_ms=5_000))
    trust = learn(trust, Boottime(10_000), Boottime(10_100), NOON_MS)
    _, told = tell(trust, lost(10_100, wall_ms=14_000))
    assert told == Told(wall_ms=NOON_MS + 50, state="synced", err_ms=50)


def test_the_server_s_word_grows_old_with_the_crystal() -> None:
    trust = learn(begin(lost(0)), Boottime(0), Boottime(200), NOON_MS)
    trust, told = tell(trust, lost(3_000_200))
    assert (told.state, told.err_ms) == ("synced", SYNCED_MS)
    trust, told = tell(trust, lost(3_000_201))
    assert (told.state, told.err_ms) == ("holdover", SYNCED_MS + 1)
    assert told.wall_ms == NOON_MS + 3_000_201 - 100
    trust, told = tell(trust, lost(HOLDOVER_MS + 201))
    # What was known last is counted on from, without a step.
    assert told == Told(
        wall_ms=NOON_MS + HOLDOVER_MS + 201 - 100, state="unsynced", err_ms=NO_BOUND_MS
    )


def test_the_better_of_two_answers_counts() -> None:
    trust = learn(begin(lost(0)), Boottime(0), Boottime(100), NOON_MS + 50)
    assert learn(trust, Boottime(200), Boottime(400), NOON_MS + 999) is trust
    # 50 ms and eleven hours of drift are worse than 400 ms.
    late = 8 * 3_600_000
    better = learn(trust, Boottime(late), Boottime(late + 400), NOON_MS + late + 200)
    assert better.server is not None
    assert better.server.err_ms == 200


def test_a_slow_answer_is_a_holdover_until_a_quick_one_comes() -> None:
    trust = learn(begin(lost(0)), Boottime(0), Boottime(8_000), NOON_MS)
    _, told = tell(trust, lost(8_000))
    assert (told.state, told.err_ms) == ("holdover", 4_000)


def test_an_answer_that_was_long_awaited_tells_no_time_until_a_quicker_one_comes() -> None:
    """The question waited with the broker while the server was away: its middle is nobody's time."""
    hour_ms = 3_600_000
    trust = learn(begin(lost(0, wall_ms=7)), Boottime(0), Boottime(hour_ms), NOON_MS + hour_ms)
    trust, told = tell(trust, lost(hour_ms))
    assert told == Told(wall_ms=hour_ms + 7, state="unsynced", err_ms=NO_BOUND_MS)
    asked = Boottime(hour_ms + 1_000)
    trust = learn(trust, asked, Boottime(asked + 2 * KNOWN_MS), NOON_MS + asked + KNOWN_MS)
    now = asked + 2 * KNOWN_MS
    _, told = tell(trust, lost(now))
    assert told == Told(wall_ms=NOON_MS + now, state="holdover", err_ms=KNOWN_MS)


def test_ntp_and_a_server_that_agree_are_ntp() -> None:
    trust = learn(begin(reading(0)), Boottime(0), Boottime(100), NOON_MS + DISPUTE_MS)
    _, told = tell(trust, reading(100, wall_ms=NOON_MS + 100))
    assert told == Told(wall_ms=NOON_MS + 100, state="synced", err_ms=20)


def test_ntp_and_a_server_that_are_two_seconds_apart_are_a_dispute_and_nobody_is_believed() -> None:
    trust = learn(begin(reading(0)), Boottime(0), Boottime(100), NOON_MS + 2_101)
    trust, told = tell(trust, reading(100, wall_ms=NOON_MS + 100))
    assert told == Told(wall_ms=NOON_MS + 100, state="holdover", err_ms=2_051 + 50, disputed=True)
    assert trust.ntp is None


def test_an_old_opinion_of_the_server_disputes_nothing() -> None:
    trust = learn(begin(reading(0)), Boottime(0), Boottime(100), NOON_MS + 10_000)
    later = HOLDOVER_MS + 200
    _, told = tell(trust, reading(later, wall_ms=NOON_MS + later))
    assert (told.state, told.disputed) == ("synced", False)


@given(
    st.integers(0, 10**9),
    st.integers(0, 60_000),
    st.integers(0, 60_000),
    st.integers(0, HOLDOVER_MS),
)
def test_the_truth_lies_within_the_bound_of_what_is_told_by_the_server(
    asked: int, to_ms: int, back_ms: int, later_ms: int
) -> None:
    """The server may take its clock at any moment of the round trip."""
    true_offset_ms = NOON_MS
    answered = asked + to_ms + back_ms
    server_ms = asked + to_ms + true_offset_ms
    trust = learn(begin(lost(0, wall_ms=0)), Boottime(asked), Boottime(answered), server_ms)
    now = answered + later_ms
    _, told = tell(trust, lost(now, wall_ms=0))
    assert abs(told.wall_ms - (now + true_offset_ms)) <= told.err_ms


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
        if told.state == "unsynced" and before.ntp is None and told.wall_ms:
            offsets.add(told.wall_ms - one.boottime_ms)
    assert len(offsets) <= 1
