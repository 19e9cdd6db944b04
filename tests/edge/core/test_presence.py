from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.presence import Candidate, Stay
from shopbell_edge.core.rules import Rules
from shopbell_edge.core.strength import median
from shopbell_edge.core.units import Boottime

RULES = Rules()


def sight(candidate: Candidate, at_ms: int, loss_db: int, rules: Rules = RULES) -> Stay | None:
    return candidate.hear(Boottime(at_ms), 0, loss_db, rules)


def entered(*losses_db: int) -> Stay:
    candidate = Candidate()
    stays = [sight(candidate, 1000 * n, loss_db) for n, loss_db in enumerate(losses_db)]
    assert stays[-1] is not None
    return stays[-1]


def hear(stay: Stay, at_ms: int, loss_db: int, mac: str = "") -> bool:
    return stay.hear(Boottime(at_ms), 0, loss_db, mac, RULES)


def test_three_near_sightings_in_ten_seconds_enter() -> None:
    candidate = Candidate()
    assert sight(candidate, 0, 20) is None
    assert sight(candidate, 5_000, 20) is None
    stay = sight(candidate, 10_000, 20)
    assert stay is not None
    assert (stay.first, stay.last, stay.n) == (0, 10_000, 3)


def test_three_near_sightings_in_more_than_ten_seconds_do_not() -> None:
    candidate = Candidate()
    assert [sight(candidate, at, 10) for at in (0, 5_000, 10_001)] == [None, None, None]


def test_it_is_the_median_that_has_to_be_near() -> None:
    candidate = Candidate()
    assert [sight(candidate, at, 21) for at in (0, 1, 2)] == [None, None, None]
    assert sight(candidate, 3, 5) is None
    assert sight(candidate, 4, 5) is None
    assert sight(candidate, 5, 5) is not None


def test_a_far_sighting_may_be_the_third_of_a_near_median() -> None:
    assert entered(18, 19, 25).n == 3


def test_near_sightings_count_for_just_ten_seconds() -> None:
    for last_ms, enters in ((10_000, True), (10_001, False)):
        candidate = Candidate()
        assert [sight(candidate, 0, 15), sight(candidate, 0, 15)] == [None, None]
        assert (sight(candidate, last_ms, 25) is not None) == enters


def test_a_stay_begins_with_the_first_sighting_that_counts_as_heard() -> None:
    stay = entered(35, 18, 35, 19, 20)
    assert (stay.first, stay.last, stay.n) == (1000, 4000, 3)
    assert stay.loss(RULES).median == 19.0


@given(st.lists(st.tuples(st.integers(0, 4_000), st.integers(5, 45)), max_size=40))
def test_entering_is_what_the_rule_says(steps: list[tuple[int, int]]) -> None:
    candidate, at_ms, heard = Candidate(), 0, []
    for gap_ms, loss_db in steps:
        at_ms += gap_ms
        heard.append((at_ms, loss_db))
        recent = [loss for at, loss in heard if at >= at_ms - RULES.enter_within_ms]
        expected = len(recent) >= RULES.enter_sightings and median(recent) <= RULES.enter_loss_db
        stay = sight(candidate, at_ms, loss_db)
        assert (stay is not None) == expected
        if stay is not None:
            return


def test_a_sighting_prolongs_the_stay() -> None:
    stay = entered(15, 15, 15)
    assert not hear(stay, 9_000, 30)
    assert (stay.last, stay.n) == (9_000, 4)


def test_a_sighting_beyond_the_leave_loss_counts_as_unheard() -> None:
    stay = entered(15, 15, 15)
    assert not hear(stay, 9_000, 31, mac="00000001")
    assert (stay.last, stay.n, stay.mac) == (2_000, 3, "")


@pytest.mark.parametrize(
    ("unheard_ms", "phase"),
    [
        (0, "present"),
        (59_999, "present"),
        (60_000, "inactive"),
        (179_999, "inactive"),
        (180_000, "left"),
    ],
)
def test_silence_makes_inactive_and_then_left(unheard_ms: int, phase: str) -> None:
    assert entered(15, 15, 15).judge(2_000 + unheard_ms, RULES) == phase


def test_being_heard_again_ends_an_inactivity_once() -> None:
    stay = entered(15, 15, 15)
    stay.inactive = True
    assert hear(stay, 90_000, 15)
    assert not hear(stay, 91_000, 15)


def test_the_latest_mac_counts_with_the_time_it_was_heard_last() -> None:
    stay = entered(15, 15, 15)
    hear(stay, 3_000, 15, mac="00000001")
    hear(stay, 4_000, 15, mac="00000002")
    hear(stay, 5_000, 15, mac="00000002")
    assert (stay.mac, stay.mac_at) == ("00000002", 5_000)


def test_strength_is_judged_by_the_last_ten_seconds() -> None:
    stay = entered(10, 10, 10)
    for n in range(5):
        hear(stay, 20_000 + 1000 * n, 25)
    assert stay.loss(RULES).median == 25.0


def test_where_few_were_heard_by_the_last_fifteen() -> None:
    stay = entered(10, 10, 10)
    hear(stay, 14_000, 25)
    hear(stay, 15_000, 25)
    assert stay.loss(RULES).median == 10.0
    hear(stay, 30_000, 25)
    assert stay.loss(RULES).median == 25.0
