from __future__ import annotations

import pytest

from shopbell_server.core.evidence import Carrier, Evidence
from shopbell_server.core.ids import PersonId
from shopbell_server.core.visits.intervals import clipped, gathered, is_act, reassigned, truncated
from tests.server.core.stays import SECOND, acted, at, heard


def test_reports_of_one_stay_become_one_interval() -> None:
    early = heard(0, 10 * SECOND, n=4)
    late = heard(0, 30 * SECOND, n=9, evidence=Evidence.FRESH)
    assert gathered([late, early, late]) == (heard(0, 30 * SECOND, n=9, evidence=Evidence.FRESH),)


def test_gathered_intervals_are_in_order_of_time() -> None:
    door, till = heard(5, 6), heard(1, 2, scanner="till")
    assert gathered([door, till]) == (till, door)


@pytest.mark.parametrize(
    ("carrier", "act"),
    [("pass", True), ("number", True), ("app", True), ("ibeacon", False), ("static", False)],
)
def test_acts_are_what_somebody_does_on_purpose(carrier: Carrier, act: bool) -> None:  # noqa: FBT001  (a column of the table)
    assert is_act(heard(0, 0, carrier=carrier)) is act


def test_a_part_has_its_share_of_the_sightings() -> None:
    whole = heard(0, 99, n=50)
    assert clipped(whole, at(50), at(1_000)) == heard(50, 99, n=25)
    assert clipped(whole, at(0), at(99)) is whole


def test_every_part_was_seen_at_least_once() -> None:
    assert clipped(heard(0, 99, n=2), at(40), at(41)).n == 1


def test_a_withdrawal_cuts_the_stay_that_it_falls_into() -> None:
    before, over, after = heard(0, 9), heard(5, 24, n=10, scanner="till"), acted(10)
    assert truncated([before, over, after], at(10)) == (
        before,
        heard(5, 9, n=2, scanner="till"),
    )


def test_the_moment_of_withdrawal_is_already_without_consent() -> None:
    assert truncated([acted(10)], at(10)) == ()
    assert truncated([acted(9)], at(10)) == (acted(9),)


def test_joining_two_people_joins_what_both_were_seen_at() -> None:
    bob = PersonId("bob")
    his = heard(0, 50, n=7)._replace(key=heard(0, 50).key._replace(person=bob))
    assert reassigned([his, heard(0, 20, n=9)], bob) == (his._replace(n=9),)
