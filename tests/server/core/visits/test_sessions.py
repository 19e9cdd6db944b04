from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.confidence import Confidence
from shopbell_server.core.edges.deafness import deafness_of, ears_of
from shopbell_server.core.evidence import Carrier, Evidence, Interval
from shopbell_server.core.ids import PersonId, StoreId, ZoneId
from shopbell_server.core.visits.sessions import Session, ZoneTime, sessions
from tests.server.core.stays import MINUTE, RULES, SECOND, STORE, acted, at, felt, heard

if TYPE_CHECKING:
    from shopbell_server.core.edges.deafness import Deaf, Mark, Scanner

HOUR = 60 * MINUTE


def only(*evidence: Interval) -> Session:
    (session,) = sessions(evidence, RULES)
    return session


def test_no_evidence_is_no_session() -> None:
    assert sessions([], RULES) == ()


def test_a_stay_runs_from_its_first_evidence_to_its_last() -> None:
    session = only(heard(0, 4 * MINUTE), heard(3 * MINUTE, 12 * MINUTE, scanner="till"))
    assert (session.start_ms, session.end_ms) == (at(0), at(12 * MINUTE))
    assert session.kind == "visit"
    assert session.duration_known
    assert session.engaged
    assert session.n == 40
    assert session.scanners == (("pi", "door"), ("pi", "till"))
    assert session.rule_version == RULES.rule_version


def test_back_within_the_gap_is_the_same_visit() -> None:
    session = only(heard(0, 5 * MINUTE), heard(35 * MINUTE, 36 * MINUTE))
    assert session.reentries == 1
    assert session.end_ms == at(36 * MINUTE)


def test_back_after_the_gap_is_another_visit() -> None:
    first, second = sessions([heard(0, 5 * MINUTE), heard(35 * MINUTE + 1, 40 * MINUTE)], RULES)
    assert first.end_ms == at(5 * MINUTE)
    assert second.start_ms == at(35 * MINUTE + 1)
    assert first.reentries == second.reentries == 0


def test_a_silence_that_the_board_waits_out_is_no_reentry() -> None:
    assert only(heard(0, MINUTE), heard(11 * MINUTE, 12 * MINUTE)).reentries == 0
    assert only(heard(0, MINUTE), heard(11 * MINUTE + 1, 12 * MINUTE)).reentries == 1


def test_the_silence_after_a_code_is_no_reentry() -> None:
    assert only(acted(0), heard(40 * MINUTE, 44 * MINUTE)).reentries == 0


def test_a_code_reaches_as_far_as_she_is_held_present() -> None:
    assert only(acted(0), heard(45 * MINUTE, 46 * MINUTE)).start_ms == at(0)
    assert len(sessions([acted(0), heard(45 * MINUTE + 1, 46 * MINUTE)], RULES)) == 2


def test_a_store_where_people_stay_longer_holds_them_longer() -> None:
    rules = replace(RULES, expected_stays_ms=((STORE, 90 * MINUTE), (StoreId("utr-01"), MINUTE)))
    (session,) = sessions([acted(0), heard(90 * MINUTE, 91 * MINUTE)], rules)
    assert session.end_ms == at(91 * MINUTE)
    assert session.rule_version == replace(RULES, expected_stay_ms=90 * MINUTE).rule_version


@pytest.mark.parametrize(("ms", "kind"), [(119_999, "candidate"), (120_000, "visit")])
def test_radio_alone_needs_the_minimum_dwell(ms: int, kind: str) -> None:
    assert only(heard(0, ms)).kind == kind


def test_walking_past_twice_is_no_visit() -> None:
    assert only(heard(0, 10 * SECOND), heard(20 * MINUTE, 20 * MINUTE + 10)).kind == "candidate"


def test_silences_that_an_edge_would_bridge_count_as_dwell() -> None:
    assert only(heard(0, 10 * SECOND), heard(180 * SECOND, 190 * SECOND)).kind == "visit"


@pytest.mark.parametrize("carrier", ["pass", "number", "app"])
def test_a_code_makes_a_visit_at_once(carrier: Carrier) -> None:
    session = only(acted(0, carrier=carrier))
    assert session.kind == "visit"
    assert not session.duration_known
    assert not session.engaged
    assert session.heard_ms is None


def test_a_candidate_can_be_shown_before_it_is_a_visit() -> None:
    session = only(heard(0, 70 * SECOND))
    assert session.kind == "candidate"
    assert session.shown is not None
    assert session.gone_ms == at(70 * SECOND + 10 * MINUTE)
    assert session.confidence is Confidence.MEDIUM


def test_what_is_not_shown_is_not_on_the_board() -> None:
    session = only(heard(0, 3 * MINUTE, n=4))
    assert session.kind == "visit"
    assert session.confidence is Confidence.LOW
    assert session.gone_ms is None


def test_a_visit_is_due_when_its_reach_has_passed_and_a_candidate_a_day_later() -> None:
    assert only(heard(0, 3 * MINUTE)).due_ms == at(33 * MINUTE)
    assert only(heard(0, 0)).due_ms == at(30 * MINUTE + 24 * HOUR)
    assert only(acted(0)).due_ms == at(45 * MINUTE)


def test_a_code_keeps_her_on_the_board_for_the_expected_stay() -> None:
    assert only(acted(0)).gone_ms == at(45 * MINUTE)
    assert only(acted(0), heard(1, 2 * MINUTE)).gone_ms == at(12 * MINUTE)


def test_zones_are_in_the_order_in_which_she_came_to_them() -> None:
    session = only(
        heard(5 * MINUTE, 6 * MINUTE, scanner="till", zone="till"),
        heard(0, 30 * SECOND),
        heard(20 * MINUTE, 20 * MINUTE + 29 * SECOND),
        heard(0, 30 * MINUTE, scanner="attic", zone=None),
    )
    assert session.zones == (
        ZoneTime(
            zone=ZoneId("entrance"),
            first_ms=at(0),
            last_ms=at(20 * MINUTE + 29 * SECOND),
            dwell_ms=59 * SECOND,
            dwelt=False,
        ),
        ZoneTime(
            zone=ZoneId("till"),
            first_ms=at(5 * MINUTE),
            last_ms=at(6 * MINUTE),
            dwell_ms=MINUTE,
            dwelt=True,
        ),
    )


def test_a_stay_of_the_longest_length_is_whole() -> None:
    session = only(heard(0, 8 * HOUR))
    assert not session.overlong


def test_a_longer_stay_is_cut_and_says_so() -> None:
    first, second = sessions([heard(0, 8 * HOUR + 10 * SECOND, n=1_000)], RULES)
    assert (first.start_ms, first.end_ms) == (at(0), at(8 * HOUR))
    assert (second.start_ms, second.end_ms) == (at(8 * HOUR + 1), at(8 * HOUR + 10 * SECOND))
    assert first.overlong
    assert second.overlong
    assert second.kind == "visit"


def test_cuts_fall_where_they_fall_whatever_is_heard_there() -> None:
    morning = heard(0, 7 * HOUR + 45 * MINUTE)
    first, second = sessions([morning, heard(8 * HOUR + 10 * MINUTE, 9 * HOUR)], RULES)
    assert first.end_ms == at(7 * HOUR + 45 * MINUTE)
    assert second.start_ms == at(8 * HOUR + 10 * MINUTE)


def test_the_last_piece_is_open_for_as_long_as_the_whole_stay() -> None:
    first, second = sessions([heard(0, 8 * HOUR + 1), acted(8 * HOUR)], RULES)
    assert first.reach_ms == at(8 * HOUR + 45 * MINUTE)
    assert second.reach_ms == at(8 * HOUR + 45 * MINUTE)


def test_the_best_evidence_counts() -> None:
    session = only(heard(0, 1), heard(1, 2, carrier="service-uuid", evidence=Evidence.FRESH))
    assert session.evidence is Evidence.FRESH


def test_evidence_of_several_people_is_refused() -> None:
    bob = heard(0, 1)._replace(key=heard(0, 1).key._replace(person=PersonId("bob")))
    with pytest.raises(ValueError, match="group the intervals first"):
        sessions([heard(0, 1), bob], RULES)


# ------------------------------------------------------------------ deaf scanners


def deaf(*marks: Mark) -> dict[Scanner, tuple[Deaf, ...]]:
    return deafness_of(ears_of(marks))


DEAF = deaf(felt("blind", 6 * MINUTE), felt("hearing", 18 * MINUTE))


def test_the_time_in_which_a_scanner_is_deaf_is_no_silence() -> None:
    (session,) = sessions([heard(0, 5 * MINUTE)], RULES, DEAF)
    assert session.left_ms == at(20 * MINUTE)
    assert session.gone_ms == at(27 * MINUTE)
    assert session.reach_ms == at(47 * MINUTE)
    assert session.deaf_since_ms is None


def test_whoever_never_was_on_the_board_is_not_held_there() -> None:
    (session,) = sessions([heard(0, 5 * MINUTE, n=1)], RULES, DEAF)
    assert (session.gone_ms, session.left_ms, session.deaf_since_ms) == (None, None, None)


def test_deafness_that_lasts_is_said_from_her_last_evidence_on() -> None:
    (session,) = sessions([heard(0, 5 * MINUTE)], RULES, deaf(felt("blind", 0)))
    assert session.deaf_since_ms == at(5 * MINUTE)
    assert session.gone_ms == at((5 + 30 + 10) * MINUTE)


def test_a_hold_after_a_code_waits_for_the_scanner_of_the_code() -> None:
    camera = deaf(
        felt("blind", 0, scanner="camera"), felt("hearing", 10 * MINUTE, scanner="camera")
    )
    (session,) = sessions([acted(0)], RULES, camera)
    assert (session.gone_ms, session.left_ms) == (at(55 * MINUTE), None)


def test_one_of_two_scanners_that_hears_nothing_says_that_she_left() -> None:
    (session,) = sessions([heard(0, 5 * MINUTE), heard(0, 4 * MINUTE, scanner="till")], RULES, DEAF)
    assert (session.gone_ms, session.left_ms) == (at(15 * MINUTE), None)


def test_coming_back_to_a_scanner_that_was_deaf_is_no_reentry() -> None:
    back = [heard(0, 5 * MINUTE), heard(19 * MINUTE, 20 * MINUTE)]
    assert [each.reentries for each in sessions(back, RULES)] == [1]
    assert [each.reentries for each in sessions(back, RULES, DEAF)] == [0]
    later = [heard(0, 5 * MINUTE), heard(29 * MINUTE, 30 * MINUTE)]
    assert [each.reentries for each in sessions(later, RULES, DEAF)] == [1]
