from __future__ import annotations

from shopbell_server.core.consent.ledger import Change, Entry, Place, Purpose
from shopbell_server.core.identity.profile_view import Recognition
from shopbell_server.core.ids import Millis, PersonId
from shopbell_server.core.visits.recognised_by import recognition_of

DAY = 86_400_000
YEAR = 365 * DAY


def said(
    change: Change,
    at_ms: int,
    purpose: Purpose = Purpose.RECOGNISE_IN_STORE,
    until_ms: int | None = None,
) -> Entry:
    return Entry(
        sequence=at_ms,
        person=PersonId("ada"),
        purpose=purpose,
        change=change,
        at_ms=Millis(at_ms),
        until_ms=None if until_ms is None else Millis(until_ms),
        place=Place.APP,
        text_version="1",
        text_sha256="00" * 32,
        language="nl",
        evidence="ticket",
    )


def state(at_ms: int, *entries: Entry) -> tuple[str, int | None]:
    found = recognition_of(entries, Millis(at_ms))
    assert isinstance(found, Recognition)
    return found.state, found.since_ms


def test_who_was_never_asked_never_allowed_it() -> None:
    other = said(Change.GIVEN, 1, Purpose.MESSAGES)
    assert state(5, other) == ("never", None)
    assert state(5, said(Change.GIVEN, 6)) == ("never", None)


def test_who_said_yes_allows_it_for_a_year() -> None:
    given = said(Change.GIVEN, 1)
    assert state(YEAR, given) == ("allowed", 1)
    assert state(YEAR + 1, given) == ("ran_out", YEAR + 1)


def test_what_was_for_a_day_ran_out_with_it() -> None:
    assert state(9, said(Change.GIVEN, 1, until_ms=7)) == ("ran_out", 7)


def test_that_it_ran_out_is_the_same_once_it_is_written_down() -> None:
    written = said(Change.EXPIRED, YEAR + 1)
    assert state(2 * YEAR, said(Change.GIVEN, 1), written) == ("ran_out", YEAR + 1)


def test_who_said_no_said_no() -> None:
    assert state(9, said(Change.GIVEN, 1), said(Change.WITHDRAWN, 5)) == ("withdrawn", 5)
