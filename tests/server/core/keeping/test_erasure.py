from __future__ import annotations

from dataclasses import replace

from shopbell_server.core.ids import Millis, PersonId
from shopbell_server.core.keeping.erasure import (
    DONE_MS,
    Erasure,
    erasure_id,
    is_overdue,
    mark_kind,
    owner_of_events,
    stands_for,
)
from shopbell_server.core.keeping.owners import owner_of_person

ASKED = Erasure(
    id=erasure_id("0190"),
    person=PersonId("ada"),
    profiles=(),
    asked_ms=Millis(1_000),
    asked_by="phone",
)


def test_an_erasure_stands_in_nobodys_name() -> None:
    assert ASKED.id == "erasure-0190"
    assert stands_for(ASKED.id) == "erasure-0190"
    assert stands_for(ASKED.id) != ASKED.person


def test_its_events_have_a_key_of_their_own() -> None:
    assert owner_of_events(stands_for(ASKED.id)) == "erasure:0190"
    assert owner_of_events(ASKED.person) == owner_of_person(ASKED.person)


def test_it_is_overdue_after_a_day_unless_it_is_done() -> None:
    due_ms = Millis(1_000 + DONE_MS)
    assert not is_overdue(ASKED, due_ms)
    assert is_overdue(ASKED, Millis(due_ms + 1))
    assert not is_overdue(replace(ASKED, done_ms=due_ms), Millis(due_ms + 1))


def test_an_identifier_is_marked_with_its_kind() -> None:
    assert mark_kind("crm") != mark_kind("email_sha256")
    assert mark_kind("person") != "person"
