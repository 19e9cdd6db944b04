"""What an app and an edge say together, and how a stay ends by the app's word."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.board.state import board_state
from shopbell_server.core.confidence import Confidence
from shopbell_server.core.evidence import Carrier, Evidence, Interval
from shopbell_server.core.recognition.conflict import AT_ONCE_MS
from shopbell_server.core.visits.agreement import AGREE_MS, agree, raised
from shopbell_server.core.visits.intervals import apart, gathered, is_act
from shopbell_server.core.visits.sessions import Session, sessions
from shopbell_server.core.visits.showing import APP_AND_SCANNER, APP_REPORT
from tests.server.core.stays import MINUTE, RULES, SECOND, acted, at, heard, reports
from tests.server.db.rows import visit

if TYPE_CHECKING:
    from random import Random


def said(at_ms: int, *, left: bool = False) -> Interval:
    """Return an app's report at the beacon of the door."""
    carrier: Carrier = "app-exit" if left else "app"
    return acted(at_ms, carrier=carrier, evidence=Evidence.HINT, scanner="beacon")


def hint(from_ms: int, to_ms: int, *, n: int = 20) -> Interval:
    return heard(from_ms, to_ms, n=n, carrier="ibeacon", evidence=Evidence.HINT)


def only(*evidence: Interval) -> Session:
    (session,) = sessions(evidence, RULES)
    return session


def test_a_report_alone_is_a_hint() -> None:
    session = only(said(0))
    assert session.evidence is Evidence.HINT
    assert (session.confidence, session.reasons) == (Confidence.MEDIUM, (APP_REPORT,))
    assert session.scanners == ()


def test_what_is_at_once_in_two_stores_is_an_agreement_in_one() -> None:
    assert AGREE_MS == AT_ONCE_MS


@pytest.mark.parametrize(
    ("report_ms", "expected"),
    [
        (-AGREE_MS - 1, Evidence.HINT),
        (-AGREE_MS, Evidence.SIGNAL),
        (0, Evidence.SIGNAL),
        (70 * SECOND + AGREE_MS, Evidence.SIGNAL),
        (70 * SECOND + AGREE_MS + 1, Evidence.HINT),
    ],
)
def test_a_report_and_a_hint_of_one_moment_are_a_signal(report_ms: int, expected: Evidence) -> None:
    assert only(said(report_ms), hint(0, 70 * SECOND)).evidence is expected


def test_the_board_is_told_why() -> None:
    session = only(said(0), hint(0, 70 * SECOND))
    assert (session.confidence, session.reasons) == (Confidence.MEDIUM, (APP_AND_SCANNER,))


def test_a_number_read_at_the_till_agrees_too() -> None:
    number = acted(MINUTE, carrier="number", evidence=Evidence.HINT)
    assert only(said(0), number).evidence is Evidence.SIGNAL


def test_that_she_left_agrees_with_nothing() -> None:
    assert only(hint(0, MINUTE), said(MINUTE, left=True)).evidence is Evidence.HINT


def test_two_reports_of_a_phone_agree_with_nobody() -> None:
    assert only(said(0), said(SECOND)).evidence is Evidence.HINT


def test_agreement_lowers_nothing() -> None:
    assert [raised(each) for each in Evidence][2:] == list(Evidence)[2:]


@given(reports)
def test_more_evidence_never_makes_them_agree_less(evidence: list[Interval]) -> None:
    some, more = gathered(evidence[:-1]), gathered(evidence)
    assert not agree(apart(some)[0], some) or agree(apart(more)[0], more)


@given(reports, st.randoms(use_true_random=False))
def test_the_order_in_which_they_came_does_not_matter(
    evidence: list[Interval], random: Random
) -> None:
    shuffled = list(evidence)
    random.shuffle(shuffled)
    assert sessions(shuffled, RULES) == sessions(evidence, RULES)


# ------------------------------------------------------------------ leaving


def place(session: Session, now_ms: int) -> str:
    return board_state(replace(visit("v"), session=session), at(now_ms), RULES).place


def test_who_says_that_she_left_is_off_the_board_at_once() -> None:
    session = only(said(0), said(5 * MINUTE, left=True))
    assert session.gone_ms == session.end_ms == at(5 * MINUTE)
    assert session.duration_known
    assert place(session, 5 * MINUTE - 1) == "here"
    assert place(session, 5 * MINUTE) == "gone"


def test_who_says_nothing_more_is_held_for_the_expected_stay() -> None:
    assert only(said(0)).gone_ms == at(45 * MINUTE)
    assert only(said(0), said(30 * MINUTE)).gone_ms == at(75 * MINUTE)


def test_a_pass_does_not_hold_who_left_after_it() -> None:
    assert only(acted(0), said(5 * MINUTE, left=True)).gone_ms == at(5 * MINUTE)


@pytest.mark.parametrize(
    "after", [hint(4 * MINUTE, 6 * MINUTE), said(6 * MINUTE), acted(6 * MINUTE)]
)
def test_who_is_noticed_after_that_has_not_left(after: Interval) -> None:
    session = only(said(0), said(5 * MINUTE, left=True), after)
    assert session.gone_ms is not None
    assert session.gone_ms > at(6 * MINUTE)


def test_to_have_left_alone_is_no_visit() -> None:
    session = only(said(0, left=True))
    assert (session.kind, session.shown, session.gone_ms) == ("candidate", None, None)


def test_to_have_left_is_not_to_have_been_heard() -> None:
    """Else one word at the door and one of leaving would be two minutes of dwelling."""
    session = only(heard(0, 10 * SECOND), said(150 * SECOND, left=True))
    assert session.kind == "candidate"
    assert session.heard_ms == at(10 * SECOND)


def test_back_after_leaving_is_a_reentry_of_the_same_visit() -> None:
    session = only(said(0), said(5 * MINUTE, left=True), said(20 * MINUTE))
    assert session.reentries == 1
    assert session.gone_ms == at(65 * MINUTE)


@given(reports)
def test_exits_are_neither_acts_nor_heard(evidence: list[Interval]) -> None:
    acts, radio = apart(gathered(evidence))
    exits = [each for each in gathered(evidence) if each.key.carrier == "app-exit"]
    assert len(acts) + len(radio) + len(exits) == len(gathered(evidence))
    assert not any(map(is_act, [*radio, *exits]))
