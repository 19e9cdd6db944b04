from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shopbell_server.core.consent.ledger import Change, Entry, Purpose, Span
from shopbell_server.core.identity.people import Enrolment, Issued, Profile
from shopbell_server.core.ids import DeviceNo, Millis, PersonId, ProfileId, Window
from shopbell_server.core.recognition.acceptance import (
    Acquaintance,
    Meant,
    accepted,
    allowed,
    knowable,
    meanings,
    span_of,
)
from shopbell_server.core.recognition.tokens import Candidate
from tests.server.ledger_entries import entry_of

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY = 86_400_000
NOW = Millis(1_795_262_837_000)
GIVEN = Millis(NOW - DAY)
ADA = Enrolment(
    person=PersonId("ada"),
    profile=ProfileId("p"),
    device_no=DeviceNo(1),
    created_ms=GIVEN,
    revoked_ms=None,
)
BEN = replace(ADA, person=PersonId("ben"), device_no=DeviceNo(2))
PROFILE = Profile(id=ProfileId("p"), first_name=None, language=None, staff=False)
ALWAYS = (Span(from_ms=GIVEN, to_ms=Millis(NOW + DAY)),)


def said(change: Change, at_ms: int, sequence: int = 1) -> Entry:
    return entry_of(ADA.person, Purpose.RECOGNISE_IN_STORE, change, at_ms, sequence=sequence)


def issued(enrolment: Enrolment, first: int, last: int) -> Issued:
    return Issued(person=enrolment.person, first=Window(first), last=Window(last))


def candidate(number: int, off: int) -> Candidate:
    return Candidate(device_no=DeviceNo(number), window=Window(W + off))


W = NOW // 900_000
"""The window of NOW; those below are counted from it."""

PEOPLE = {
    ADA.device_no: Acquaintance(
        enrolment=ADA, spans=ALWAYS, issued=(issued(ADA, W - 9, W - 7), issued(ADA, W - 1, W + 1))
    ),
    BEN.device_no: Acquaintance(enrolment=BEN, spans=ALWAYS, issued=(issued(BEN, W + 1, W + 2),)),
}


def meant(enrolment: Enrolment, off: int, span: Span = ALWAYS[0]) -> Meant:
    window_ms = (W + off) * 900_000
    return Meant(
        enrolment=enrolment,
        candidate=candidate(enrolment.device_no, off),
        span=span,
        counts_from_ms=Millis(max(window_ms - 120_000, span.from_ms)),
    )


def means(
    *candidates: Candidate, at_ms: int = NOW, people: Mapping[DeviceNo, Acquaintance] = PEOPLE
) -> Meant | None:
    return accepted(meanings(candidates, people, NOW), Millis(at_ms))


def test_she_may_be_known_while_she_allows_it() -> None:
    spans = allowed(ADA, [said(Change.GIVEN, GIVEN)], works_here=False)
    (span,) = spans
    assert span.from_ms == GIVEN
    assert span_of(spans, Millis(GIVEN - 1)) is None
    assert span_of(spans, GIVEN) == span
    assert span_of(spans, span.to_ms) is None
    assert knowable(spans, NOW) == spans


def test_she_may_not_be_known_at_all_once_she_withdrew() -> None:
    entries = [said(Change.GIVEN, GIVEN), said(Change.WITHDRAWN, NOW, 2)]
    spans = allowed(ADA, entries, works_here=False)
    assert knowable(spans, NOW) == ()
    assert knowable(spans, Millis(NOW - 1)) == spans
    again = allowed(ADA, [*entries, said(Change.GIVEN, NOW + 5, 3)], works_here=False)
    assert len(knowable(again, Millis(NOW + 5))) == 2


def test_the_revoked_and_those_who_work_here_are_nobody() -> None:
    entries = [said(Change.GIVEN, GIVEN)]
    assert allowed(replace(ADA, revoked_ms=NOW), entries, works_here=False) == ()
    assert allowed(ADA, entries, works_here=True) == ()
    assert allowed(ADA, [], works_here=False) == ()


def test_a_token_means_whom_it_was_issued_to_in_its_window() -> None:
    assert means(candidate(1, 0)) == meant(ADA, 0)
    assert means(candidate(1, -8)) == meant(ADA, -8)
    assert means(candidate(1, -5)) is None
    assert means(candidate(1, 2)) is None
    assert means(candidate(2, 0)) is None
    assert means(candidate(9, 0)) is None
    assert means() is None


def test_only_while_she_may_be_known() -> None:
    assert means(candidate(1, 0), at_ms=GIVEN - 1) is None
    ended = Span(from_ms=GIVEN, to_ms=Millis(NOW - 5))
    people = {ADA.device_no: replace(PEOPLE[ADA.device_no], spans=(ended,))}
    assert means(candidate(1, 0), at_ms=NOW - 9, people=people) is None, "she withdrew since"


def test_a_stay_counts_in_the_stretch_of_consent_in_which_it_was_heard() -> None:
    before = Span(from_ms=GIVEN, to_ms=Millis(NOW - 500))
    again = Span(from_ms=Millis(NOW - 100), to_ms=Millis(NOW + DAY))
    people = {ADA.device_no: replace(PEOPLE[ADA.device_no], spans=(before, again))}
    assert means(candidate(1, 0), at_ms=NOW - 501, people=people) == meant(ADA, 0, before)
    assert means(candidate(1, 0), at_ms=NOW - 300, people=people) is None
    assert means(candidate(1, 0), people=people) == meant(ADA, 0, again)
    assert meant(ADA, 0, again).counts_from_ms == NOW - 100


def test_where_there_is_doubt_it_is_nobody() -> None:
    assert means(candidate(1, 1), candidate(2, 1)) is None
    assert means(candidate(1, 2), candidate(2, 1)) == meant(BEN, 1)


def test_two_windows_of_one_phone_are_no_doubt() -> None:
    assert means(candidate(1, 0), candidate(1, -1)) == meant(ADA, 0)
