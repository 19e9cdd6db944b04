"""What several enrolments of one human allow together, and what of their evidence counts."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.consent.ledger import (
    Change,
    Entry,
    Purpose,
    Span,
    active_purposes,
    expires_ms,
    may_share,
    may_tell_change,
)
from shopbell_server.core.identity.people import Enrolment
from shopbell_server.core.ids import DeviceNo, Millis, PersonId, ProfileId
from shopbell_server.core.visits.joined import Member, first_enrolled, group_of
from tests.server.core.stays import ADA, MINUTE, NOON, acted, heard
from tests.server.ledger_entries import entry_of

RECOGNISE, SHARE = Purpose.RECOGNISE_IN_STORE, Purpose.SHARE_WITH_CDP
DAY = 86_400_000
YEAR = 365 * DAY
OLD, NEW = ADA, PersonId("bea")


def said(
    at_ms: int,
    change: Change = Change.GIVEN,
    purpose: Purpose = RECOGNISE,
    *,
    until_ms: int | None = None,
) -> Entry:
    return entry_of(ADA, purpose, change, at_ms, until_ms=until_ms)


def member(
    person: PersonId, *entries: Entry, enrolled_ms: int = 0, left_ms: int | None = None
) -> Member:
    return Member(
        enrolment=Enrolment(
            person=person,
            profile=ProfileId(f"profile of {person}"),
            device_no=DeviceNo(1),
            created_ms=Millis(enrolled_ms),
            revoked_ms=None if left_ms is None else Millis(left_ms),
        ),
        entries=tuple(
            replace(each, person=person, sequence=number) for number, each in enumerate(entries, 1)
        ),
    )


def spans(*members: Member) -> list[tuple[int, int]]:
    return [(each.from_ms, each.to_ms) for each in group_of(members).spans]


def test_the_head_is_who_was_enrolled_first() -> None:
    old, new = member(OLD, enrolled_ms=2), member(NEW, enrolled_ms=1)
    assert first_enrolled([old.enrolment, new.enrolment]) == NEW
    assert group_of([old, new]).head == NEW
    assert group_of([old, new]).persons == (NEW, OLD)
    same = member(NEW, enrolled_ms=2)
    assert group_of([same, old]).head == OLD


def test_what_all_allow_counts() -> None:
    old = member(OLD, said(10), said(50, Change.WITHDRAWN))
    new = member(NEW, said(20))
    assert spans(old, new) == [(20, 50)]
    assert group_of([old, new]).covers(Millis(49))
    assert not group_of([old, new]).covers(Millis(50))


def test_who_was_never_asked_allows_nothing() -> None:
    assert spans(member(OLD, said(10)), member(NEW)) == []


def test_nobody_forbids_anything_before_she_was_enrolled() -> None:
    old = member(OLD, said(10))
    new = member(NEW, said(120), enrolled_ms=100)
    assert spans(old, new) == [(10, 100), (120, 10 + YEAR)]


def test_a_phone_that_was_enrolled_with_a_consent_interrupts_nothing() -> None:
    old = member(OLD, said(10))
    new = member(NEW, said(100), enrolled_ms=100)
    assert spans(old, new) == [(10, 10 + YEAR)]


def test_who_left_ends_what_the_others_allowed_until_they_say_yes_again() -> None:
    old = member(OLD, said(10), said(50, Change.WITHDRAWN), left_ms=50)
    new = member(NEW, said(20))
    assert spans(old, new) == [(20, 50)]
    again = member(NEW, said(20), said(80, Change.RENEWED))
    assert spans(old, again) == [(20, 50), (80, 80 + YEAR)]


def test_when_all_have_left_nothing_is_allowed() -> None:
    old = member(OLD, said(10), left_ms=50)
    new = member(NEW, said(20), said(55), left_ms=60)
    assert spans(old, new) == [(20, 50), (55, 60)]


def test_a_head_that_never_consented_has_no_visits() -> None:
    """The database refuses a visit of hers."""
    old = member(OLD, left_ms=50)
    assert spans(old, member(NEW, said(60))) == []
    late = member(OLD, said(70), enrolled_ms=0, left_ms=80)
    assert spans(late, member(NEW, said(60), said(75), said(90))) == [(70, 80), (90, 90 + YEAR)]


def test_what_was_renewed_in_time_lasts_longer_than_a_year() -> None:
    old = member(OLD, said(0), said(YEAR - 5, Change.RENEWED), said(2 * YEAR - 9, Change.RENEWED))
    new = member(NEW, said(0), said(YEAR - 7, Change.RENEWED), said(2 * YEAR - 8, Change.RENEWED))
    group = group_of([old, new])
    ends_ms = expires_ms(old.entries[-1])
    assert spans(old, new) == [(0, ends_ms)]
    assert RECOGNISE in active_purposes(group.ledger, Millis(ends_ms - 1))
    assert active_purposes(group.ledger, ends_ms) == frozenset()


def test_the_ledger_is_that_of_one_person() -> None:
    old = member(OLD, said(10), said(10, purpose=SHARE))
    new = member(NEW, said(20), said(30, purpose=SHARE), said(90, Change.WITHDRAWN, SHARE))
    ledger = group_of([old, new]).ledger
    assert {each.person for each in ledger} == {OLD}
    assert len({each.sequence for each in ledger}) == len(ledger)
    assert may_share(ledger, Millis(35), Millis(80))
    assert not may_share(ledger, Millis(25), Millis(80))
    assert not may_share(ledger, Millis(35), Millis(90))
    assert may_tell_change(ledger, Millis(90), Millis(95))


def test_evidence_counts_where_all_allowed_it() -> None:
    old = member(OLD, said(NOON), said(NOON + 8 * MINUTE, Change.WITHDRAWN))
    new = member(NEW, said(NOON + 2 * MINUTE))
    group = group_of([old, new])
    hers = heard(0, 10 * MINUTE - 1, n=10)
    her_pass = acted(9 * MINUTE)
    his = acted(5 * MINUTE)._replace(key=acted(5 * MINUTE).key._replace(person=NEW))
    whole, passed = group.counted([hers, her_pass, his])
    assert (whole.key.first_ms, whole.last_ms) == (NOON + 2 * MINUTE, NOON + 8 * MINUTE - 1)
    assert whole.n == 6
    assert (passed.key.person, passed.key.first_ms) == (OLD, NOON + 5 * MINUTE)


def test_an_interval_over_a_time_that_one_forbade_counts_before_and_after() -> None:
    old = member(
        OLD, said(NOON - 1), said(NOON + MINUTE, Change.WITHDRAWN), said(NOON + 3 * MINUTE)
    )
    group = group_of([old, member(NEW, said(NOON - 1))])
    first, second = group.counted([heard(0, 4 * MINUTE, n=8)])
    assert (first.key.first_ms, first.last_ms) == (NOON, NOON + MINUTE - 1)
    assert (second.key.first_ms, second.last_ms) == (NOON + 3 * MINUTE, NOON + 4 * MINUTE)


def test_two_phones_in_one_pocket_are_heard_as_one() -> None:
    group = group_of([member(OLD, said(NOON)), member(NEW, said(NOON))])
    old, new = heard(0, MINUTE, n=3), heard(0, 2 * MINUTE, n=5)
    (both,) = group.counted([old, new._replace(key=new.key._replace(person=NEW))])
    assert both == new


def test_a_group_in_which_one_said_more_is_as_if_she_had_said_it_before() -> None:
    old, new = member(OLD, said(10)), member(NEW, said(20))
    more = replace(said(40, Change.WITHDRAWN), person=NEW, sequence=2)
    after = group_of([old, new]).saying(NEW, [more])
    assert after == group_of([old, member(NEW, said(20), said(40, Change.WITHDRAWN))])
    assert after.member(NEW).entries[-1] == more


_entries = st.lists(
    st.builds(
        said,
        st.integers(0, 60),
        st.sampled_from([Change.GIVEN, Change.GIVEN, Change.RENEWED, Change.WITHDRAWN]),
        st.sampled_from([RECOGNISE, RECOGNISE, SHARE]),
        until_ms=st.one_of(st.none(), st.integers(0, 80)),
    ),
    max_size=5,
)
_members = st.lists(
    st.tuples(_entries, st.integers(0, 40), st.one_of(st.none(), st.integers(0, 60))),
    min_size=1,
    max_size=4,
).map(
    lambda all_: [
        member(PersonId(f"p{number}"), *entries, enrolled_ms=enrolled, left_ms=left)
        for number, (entries, enrolled, left) in enumerate(all_)
    ]
)


def allowed_by_all(members: list[Member], at_ms: int) -> frozenset[Purpose]:
    """Return the active purposes moment by moment, as the rule says it."""
    enrolled = [each for each in members if each.enrolment.created_ms <= at_ms]
    left_ms = [
        each.enrolment.revoked_ms
        for each in members
        if each.enrolment.revoked_ms is not None and each.enrolment.revoked_ms <= at_ms
    ]
    there = [
        each
        for each in enrolled
        if each.enrolment.revoked_ms is None or each.enrolment.revoked_ms > at_ms
    ]
    head = min(members, key=lambda each: (each.enrolment.created_ms, each.person))
    first = [
        e.at_ms for e in head.entries if e.purpose is RECOGNISE and e.change.value != "withdrawn"
    ]
    if not there or not first or at_ms < min(first):
        return frozenset()
    since_ms = max(left_ms, default=Millis(-1))
    return frozenset.intersection(
        *(
            active_purposes([e for e in each.entries if e.at_ms >= since_ms], Millis(at_ms))
            for each in there
        )
    )


@given(_members, st.integers(0, 70))
def test_a_purpose_is_active_while_it_is_for_everybody_who_is_there(
    members: list[Member], at_ms: int
) -> None:
    group = group_of(members)
    allowed = allowed_by_all(members, at_ms)
    assert active_purposes(group.ledger, Millis(at_ms)) == allowed
    assert group.covers(Millis(at_ms)) == (RECOGNISE in allowed)


@given(_members)
def test_the_database_lets_every_moment_that_counts_be_in_a_visit(members: list[Member]) -> None:
    group = group_of(members)
    given_ms = [
        e.at_ms for e in group.members[0].entries if e.change in {Change.GIVEN, Change.RENEWED}
    ]
    for span in group.spans:
        assert isinstance(span, Span)
        assert min(given_ms) <= span.from_ms < span.to_ms


@given(_members)
def test_a_group_does_not_depend_on_who_is_named_first(members: list[Member]) -> None:
    assert group_of(reversed(members)) == group_of(members)
