from __future__ import annotations

from dataclasses import replace

from shopbell_server.core.acceptance import Known, Meant, accepted, issued_to, knowable, span_of
from shopbell_server.core.consent import Change, Entry, Place, Purpose, Span
from shopbell_server.core.ids import DeviceNo, Millis, PersonId, ProfileId, Window
from shopbell_server.core.people import Enrolment, Issued, Profile
from shopbell_server.core.tokens import Candidate

DAY = 86_400_000
NOW = Millis(1_795_262_837_000)
GIVEN = Millis(NOW - DAY)
ADA = Enrolment(
    person=PersonId("ada"),
    profile=ProfileId("p"),
    device_no=DeviceNo(1),
    mac_key=bytes(16),
    phone_model=None,
    created_ms=GIVEN,
    revoked_ms=None,
)
BEN = replace(ADA, person=PersonId("ben"), device_no=DeviceNo(2))
PROFILE = Profile(id=ProfileId("p"), first_name=None, language=None, external_ids={}, staff=False)
ALWAYS = (Span(from_ms=GIVEN, to_ms=Millis(NOW + DAY)),)


def said(change: Change, at_ms: int, sequence: int = 1) -> Entry:
    return Entry(
        sequence=sequence,
        person=ADA.person,
        purpose=Purpose.RECOGNISE_IN_STORE,
        change=change,
        at_ms=Millis(at_ms),
        until_ms=None,
        place=Place.APP,
        text_version="1",
        text_sha256="00" * 32,
        language="nl",
        evidence="",
    )


def issued(enrolment: Enrolment, first: int, last: int) -> Issued:
    return Issued(person=enrolment.person, first=Window(first), last=Window(last))


def candidate(number: int, window: int) -> Candidate:
    return Candidate(device_no=DeviceNo(number), window=Window(window))


BY_NUMBER = {ADA.device_no: ADA, BEN.device_no: BEN}
ISSUED = {ADA.person: [issued(ADA, 1, 3), issued(ADA, 7, 9)], BEN.person: [issued(BEN, 3, 4)]}
KNOWN = Known(
    issued_to=issued_to(
        [candidate(number, window) for number in range(1, 4) for window in range(12)],
        BY_NUMBER,
        ISSUED,
    ),
    knowable={ADA.person: ALWAYS, BEN.person: ALWAYS},
)


def meant(enrolment: Enrolment, window: int) -> Meant:
    return Meant(enrolment=enrolment, window=Window(window), span=ALWAYS[0])


def test_she_may_be_known_while_she_allows_it() -> None:
    (span,) = knowable(ADA, PROFILE, [said(Change.GIVEN, GIVEN)], NOW)
    assert span.from_ms == GIVEN
    assert span_of([span], Millis(GIVEN - 1)) is None
    assert span_of([span], GIVEN) == span
    assert span_of([span], span.to_ms) is None
    assert knowable(ADA, None, [said(Change.GIVEN, GIVEN)], NOW) == (span,)


def test_she_may_not_be_known_at_all_once_she_withdrew() -> None:
    entries = [said(Change.GIVEN, GIVEN), said(Change.WITHDRAWN, NOW, 2)]
    assert knowable(ADA, PROFILE, entries, NOW) == ()
    assert knowable(ADA, PROFILE, entries, Millis(NOW - 1)) != ()
    again = [*entries, said(Change.GIVEN, NOW + 5, 3)]
    assert len(knowable(ADA, PROFILE, again, Millis(NOW + 5))) == 2


def test_the_revoked_and_those_who_work_here_are_nobody() -> None:
    entries = [said(Change.GIVEN, GIVEN)]
    assert knowable(replace(ADA, revoked_ms=NOW), PROFILE, entries, NOW) == ()
    assert knowable(ADA, replace(PROFILE, staff=True), entries, NOW) == ()
    assert knowable(ADA, PROFILE, [], NOW) == ()


def test_a_token_means_whom_it_was_issued_to_in_its_window() -> None:
    assert accepted([candidate(1, 8)], KNOWN, NOW) == meant(ADA, 8)
    assert accepted([candidate(1, 5)], KNOWN, NOW) is None
    assert accepted([candidate(9, 8)], KNOWN, NOW) is None
    assert accepted([], KNOWN, NOW) is None


def test_a_token_that_was_not_issued_is_nobodys() -> None:
    asked = [candidate(1, 3), candidate(1, 4), candidate(2, 4), candidate(9, 3)]
    assert issued_to(asked, BY_NUMBER, ISSUED) == {candidate(1, 3): ADA, candidate(2, 4): BEN}
    assert issued_to(asked, BY_NUMBER, {}) == {}


def test_only_while_she_may_be_known() -> None:
    assert accepted([candidate(1, 8)], KNOWN, Millis(GIVEN - 1)) is None
    assert accepted([candidate(1, 8)], replace(KNOWN, knowable={}), NOW) is None


def test_where_there_is_doubt_it_is_nobody() -> None:
    assert accepted([candidate(1, 3), candidate(2, 4)], KNOWN, NOW) is None
    assert accepted([candidate(1, 5), candidate(2, 4)], KNOWN, NOW) == meant(BEN, 4)


def test_two_windows_of_one_phone_are_no_doubt() -> None:
    assert accepted([candidate(1, 8), candidate(1, 7)], KNOWN, NOW) == meant(ADA, 8)
