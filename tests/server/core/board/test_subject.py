from __future__ import annotations

from dataclasses import replace

from shopbell_server.core.board.subject import seen, subject_of
from shopbell_server.core.consent.ledger import Change, Purpose
from tests.server.core.shop_floor import ENROLMENT, GIVEN, PROFILE, entry, truth
from tests.server.core.stays import SECOND, at, heard

HERE = truth([heard(0, 20 * SECOND)])
(VISIT,) = HERE.visits


def test_staff_and_people_who_left_are_nobody() -> None:
    assert subject_of(ENROLMENT, PROFILE, GIVEN) == HERE.subject
    assert subject_of(ENROLMENT, None, GIVEN) is None
    assert subject_of(ENROLMENT, replace(PROFILE, staff=True), GIVEN) is None
    assert subject_of(replace(ENROLMENT, revoked_ms=at(1)), PROFILE, GIVEN) is None


def test_what_is_seen_follows_the_ledger_at_that_moment() -> None:
    withdrawn = entry(Purpose.GREET_BY_NAME, Change.WITHDRAWN, 5 * SECOND, sequence=1)
    subject = subject_of(ENROLMENT, PROFILE, [*GIVEN, withdrawn])
    before = seen(VISIT, subject, at(4 * SECOND), "advisor", None)
    after = seen(VISIT, subject, at(5 * SECOND), "advisor", None)
    assert before is not None
    assert after is not None
    assert (before.first_name, after.first_name) == ("Ada", None)
    assert seen(VISIT, None, at(4 * SECOND), "advisor", None) is None


def test_a_name_that_others_are_called_by_too_is_theirs_to_allow_as_well() -> None:
    withdrawn = entry(Purpose.GREET_BY_NAME, Change.WITHDRAWN, 5 * SECOND, sequence=1)
    other = (*GIVEN, withdrawn)
    subject = subject_of(ENROLMENT, PROFILE, GIVEN, others=[other])
    before = seen(VISIT, subject, at(4 * SECOND), "advisor", None)
    after = seen(VISIT, subject, at(5 * SECOND), "advisor", None)
    assert before is not None
    assert after is not None
    assert (before.first_name, after.first_name) == ("Ada", None)


def test_what_others_under_her_profile_withdraw_hides_no_visit_of_hers() -> None:
    subject = subject_of(ENROLMENT, PROFILE, GIVEN, others=[()])
    shown = seen(VISIT, subject, at(4 * SECOND), "advisor", None)
    assert shown is not None
    assert (shown.first_name, shown.language) == (None, None)


def test_a_doubtful_visit_is_not_seen_until_it_is_doubtful_no_more() -> None:
    subject, now_ms = HERE.subject, at(4 * SECOND)
    assert seen(VISIT, subject, now_ms, "manager", at(5 * SECOND)) is None
    assert seen(VISIT, subject, now_ms, "manager", now_ms) is not None
