from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.consent.ledger import (
    ASK_AGAIN_MS,
    LONGEST_YEAR_MS,
    SHORTEST_YEAR_MS,
    Change,
    Entry,
    Purpose,
    Span,
    active,
    active_purposes,
    changes_ms,
    expires_ms,
    expiring,
    given_spans,
    is_to_be_asked_again,
    last_written,
    may_share,
    may_tell_change,
    next_sequence,
)
from shopbell_server.core.ids import Millis, PersonId
from tests.server.ledger_entries import entry_of

RECOGNISE = Purpose.RECOGNISE_IN_STORE
YEAR_MS = 365 * 86_400_000
NOON_MS = Millis(1_795_262_400_000)


def entry(
    purpose: Purpose,
    change: Change,
    at_ms: int,
    sequence: int = 0,
    until_ms: int | None = None,
) -> Entry:
    return entry_of(PersonId("ada"), purpose, change, at_ms, sequence=sequence, until_ms=until_ms)


def recognised(change: Change, at_ms: int, sequence: int = 0) -> Entry:
    return entry(RECOGNISE, change, at_ms, sequence)


def ms(year: int, month: int, day: int) -> Millis:
    return Millis(int(datetime(year, month, day, 9, 30, tzinfo=UTC).timestamp()) * 1000)


# Few moments, so that entries often share one.
ENTRIES = st.builds(
    entry,
    st.sampled_from([RECOGNISE, Purpose.SHARE_WITH_CDP]),
    st.sampled_from(Change),
    st.integers(0, 8).map(lambda at: at * 100),
    until_ms=st.none() | st.integers(0, 1_000),
)
LEDGERS = st.lists(ENTRIES, max_size=12).map(
    lambda entries: [replace(each, sequence=number) for number, each in enumerate(entries)]
)
MOMENTS = st.integers(-1, 1_001).map(Millis)


def test_off_until_given_then_on() -> None:
    ledger = [recognised(Change.GIVEN, 100)]
    assert not active([], RECOGNISE, Millis(100))
    assert not active(ledger, RECOGNISE, Millis(99))
    assert active(ledger, RECOGNISE, Millis(100))


def test_withdrawn_at_a_moment_is_inactive_from_that_moment_on() -> None:
    ledger = [recognised(Change.GIVEN, 100), recognised(Change.WITHDRAWN, 200)]
    assert active(ledger, RECOGNISE, Millis(199))
    assert not active(ledger, RECOGNISE, Millis(200))
    assert not active(ledger, RECOGNISE, Millis(10**12))


@pytest.mark.parametrize(
    ("first", "second", "then_active"),
    [
        (Change.GIVEN, Change.WITHDRAWN, False),
        (Change.WITHDRAWN, Change.GIVEN, True),
        (Change.EXPIRED, Change.RENEWED, True),
        (Change.RENEWED, Change.EXPIRED, False),
    ],
)
def test_of_one_moment_the_entry_that_was_appended_later_decides(
    first: Change, second: Change, *, then_active: bool
) -> None:
    ledger = [recognised(second, 100, sequence=2), recognised(first, 100, sequence=1)]
    assert active(ledger, RECOGNISE, Millis(100)) is then_active


def test_a_consent_ends_by_itself_after_twelve_months_unless_renewed() -> None:
    ledger = [recognised(Change.GIVEN, NOON_MS)]
    assert active(ledger, RECOGNISE, Millis(NOON_MS + YEAR_MS - 1))
    assert not active(ledger, RECOGNISE, Millis(NOON_MS + YEAR_MS))
    renewed = [*ledger, recognised(Change.RENEWED, NOON_MS + YEAR_MS - 1, sequence=1)]
    assert active(renewed, RECOGNISE, Millis(NOON_MS + YEAR_MS))
    assert given_spans(renewed, RECOGNISE) == (Span(from_ms=NOON_MS, to_ms=expires_ms(renewed[1])),)


@pytest.mark.parametrize(
    ("given_on", "ends_on"),
    [
        (ms(2026, 11, 21), ms(2027, 11, 21)),
        (ms(2028, 2, 29), ms(2029, 2, 28)),
        (ms(2027, 12, 31), ms(2028, 12, 31)),
    ],
)
def test_twelve_months_are_a_calendar_year(given_on: Millis, ends_on: Millis) -> None:
    assert expires_ms(recognised(Change.GIVEN, given_on)) == ends_on


def test_only_today_ends_today_and_never_lengthens() -> None:
    today = entry(RECOGNISE, Change.GIVEN, NOON_MS, until_ms=NOON_MS + 5)
    assert active([today], RECOGNISE, Millis(NOON_MS + 4))
    assert not active([today], RECOGNISE, Millis(NOON_MS + 5))
    longer = entry(RECOGNISE, Change.GIVEN, NOON_MS, until_ms=NOON_MS + 2 * YEAR_MS)
    assert expires_ms(longer) == NOON_MS + YEAR_MS


def test_what_allows_nothing_ends_where_it_begins() -> None:
    assert expires_ms(recognised(Change.WITHDRAWN, 100)) == 100


def test_nothing_happens_without_recognise_in_store() -> None:
    named = entry(Purpose.GREET_BY_NAME, Change.GIVEN, 100)
    assert active_purposes([named], Millis(200)) == frozenset()
    both = [named, recognised(Change.GIVEN, 150)]
    assert active_purposes(both, Millis(149)) == frozenset()
    assert active_purposes(both, Millis(150)) == {RECOGNISE, Purpose.GREET_BY_NAME}
    gone = [*both, recognised(Change.WITHDRAWN, 180)]
    assert active_purposes(gone, Millis(200)) == frozenset()
    assert given_spans(gone, Purpose.GREET_BY_NAME) == (
        Span(from_ms=Millis(150), to_ms=Millis(180)),
    )


def test_sharing_needs_its_own_purpose_then_and_now() -> None:
    ledger = [recognised(Change.GIVEN, 100), entry(Purpose.SHARE_WITH_CDP, Change.GIVEN, 200)]
    assert not may_share(ledger, Millis(150), Millis(300))
    assert may_share(ledger, Millis(200), Millis(300))
    withdrawn = [*ledger, entry(Purpose.SHARE_WITH_CDP, Change.WITHDRAWN, 250)]
    assert not may_share(withdrawn, Millis(200), Millis(300))


def test_who_was_told_of_her_learns_that_she_withdrew_and_nobody_else_does() -> None:
    never = [recognised(Change.GIVEN, 100), recognised(Change.WITHDRAWN, 400, sequence=9)]
    assert not may_tell_change(never, Millis(400), Millis(500))
    shared = [*never, entry(Purpose.SHARE_WITH_CDP, Change.GIVEN, 200)]
    assert may_tell_change(shared, Millis(200), Millis(300))
    assert may_tell_change(shared, Millis(400), Millis(500))
    assert not may_tell_change(shared, Millis(401), Millis(500))


def test_what_ran_out_is_told_once() -> None:
    given = recognised(Change.GIVEN, NOON_MS)
    assert expiring([given], Millis(NOON_MS + YEAR_MS - 1)) == ()
    assert expiring([given], Millis(NOON_MS + YEAR_MS)) == (given,)
    written = [given, recognised(Change.EXPIRED, NOON_MS + YEAR_MS, sequence=1)]
    assert expiring(written, Millis(NOON_MS + YEAR_MS)) == ()


def test_a_standing_consent_is_asked_for_again_a_month_before_its_end_and_after_it() -> None:
    given = recognised(Change.RENEWED, NOON_MS)
    ends_ms = expires_ms(given)
    assert not is_to_be_asked_again(given, Millis(ends_ms - ASK_AGAIN_MS - 1))
    assert is_to_be_asked_again(given, Millis(ends_ms - ASK_AGAIN_MS))
    assert is_to_be_asked_again(given, Millis(ends_ms + YEAR_MS))
    assert is_to_be_asked_again(recognised(Change.EXPIRED, ends_ms), ends_ms)


@pytest.mark.parametrize("change", [Change.GIVEN, Change.EXPIRED])
def test_what_she_allowed_for_a_day_is_not_asked_for_again(change: Change) -> None:
    today = entry(RECOGNISE, change, NOON_MS, until_ms=NOON_MS + 1)
    assert not is_to_be_asked_again(today, NOON_MS)


def test_what_she_withdrew_is_not_asked_for_again() -> None:
    assert not is_to_be_asked_again(recognised(Change.WITHDRAWN, NOON_MS), NOON_MS)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  (UTC is given beside them)
def test_a_year_is_never_shorter_or_longer_than_said(at: datetime) -> None:
    given = recognised(Change.GIVEN, int(at.timestamp() * 1000))
    assert SHORTEST_YEAR_MS <= expires_ms(given) - given.at_ms <= LONGEST_YEAR_MS


@given(LEDGERS.flatmap(lambda ledger: st.tuples(st.just(ledger), st.permutations(ledger))), MOMENTS)
def test_the_order_in_which_entries_are_read_changes_nothing(
    both: tuple[list[Entry], list[Entry]], at_ms: Millis
) -> None:
    ledger, shuffled = both
    assert active_purposes(shuffled, at_ms) == active_purposes(ledger, at_ms)


@given(LEDGERS, st.sampled_from([RECOGNISE, Purpose.SHARE_WITH_CDP]), MOMENTS)
def test_spans_say_what_active_says(ledger: list[Entry], purpose: Purpose, at_ms: Millis) -> None:
    spans = given_spans(ledger, purpose)
    assert any(span.from_ms <= at_ms < span.to_ms for span in spans) == active(
        ledger, purpose, at_ms
    )
    assert all(span.from_ms < span.to_ms for span in spans)
    assert all(one.to_ms < other.from_ms for one, other in pairwise(spans))


@given(LEDGERS, st.integers(0, 900))
def test_after_a_withdrawal_nothing_is_active_whatever_came_before(
    ledger: list[Entry], at_ms: int
) -> None:
    earlier = [each for each in ledger if each.at_ms <= at_ms]
    withdrawn = [*earlier, recognised(Change.WITHDRAWN, at_ms, sequence=99)]
    for later_ms in range(at_ms, 1_001, 50):
        assert active_purposes(withdrawn, Millis(later_ms)) == frozenset()


@given(LEDGERS, ENTRIES, MOMENTS)
def test_appending_never_changes_the_past(
    ledger: list[Entry], latest: Entry, at_ms: Millis
) -> None:
    appended = [*ledger, replace(latest, sequence=99)]
    if at_ms < latest.at_ms:
        assert active_purposes(appended, at_ms) == active_purposes(ledger, at_ms)


@given(LEDGERS, MOMENTS, st.integers(0, 1_100))
def test_nothing_changes_before_the_moment_at_which_it_may(
    ledger: list[Entry], at_ms: Millis, later_ms: int
) -> None:
    until_ms = changes_ms(ledger, at_ms)
    assert until_ms is None or until_ms > at_ms
    then_ms = Millis(at_ms + later_ms)
    if until_ms is not None:
        then_ms = min(then_ms, Millis(until_ms - 1))
    assert active_purposes(ledger, then_ms) == active_purposes(ledger, at_ms)


def test_the_newest_line_of_a_purpose_is_the_one_that_was_written_last() -> None:
    given = recognised(Change.GIVEN, 20, sequence=1)
    ended = recognised(Change.EXPIRED, 10, sequence=3)
    shown = entry(Purpose.SHOW_TO_STAFF, Change.GIVEN, 15, sequence=2)
    assert last_written([ended, shown, given]) == {
        RECOGNISE: ended,
        Purpose.SHOW_TO_STAFF: shown,
    }
    assert next_sequence([ended, shown, given]) == 4
    assert (last_written([]), next_sequence([])) == ({}, 1)
