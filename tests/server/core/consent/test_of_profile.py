from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from shopbell_server.core.consent.ledger import Change, Entry, Purpose, active_purposes
from shopbell_server.core.consent.of_profile import shared_purposes
from shopbell_server.core.ids import Millis, PersonId
from tests.server.ledger_entries import entry_of

NOW = Millis(1_000)


def given_by(person: str, *purposes: Purpose) -> list[Entry]:
    return [
        entry_of(PersonId(person), purpose, Change.GIVEN, 0, sequence=number)
        for number, purpose in enumerate(purposes, start=1)
    ]


RECOGNISE, GREET = Purpose.RECOGNISE_IN_STORE, Purpose.GREET_BY_NAME


def test_a_name_needs_the_consent_of_everybody_who_is_called_by_it() -> None:
    yes, no = given_by("anna", RECOGNISE, GREET), given_by("ben", RECOGNISE)
    assert shared_purposes([yes, yes], NOW) == {RECOGNISE, GREET}
    assert shared_purposes([yes, no], NOW) == {RECOGNISE}


def test_who_allows_nothing_allows_nothing_of_what_is_shared() -> None:
    assert shared_purposes([given_by("anna", RECOGNISE), []], NOW) == frozenset()


def test_nobody_allows_nothing() -> None:
    assert shared_purposes([], NOW) == frozenset()


ledgers = some.lists(
    some.lists(some.sampled_from(Purpose), unique=True).map(lambda each: given_by("x", *each)),
    min_size=1,
    max_size=4,
)


@given(ledgers=ledgers)
def test_it_is_never_more_than_any_one_allows(ledgers: list[list[Entry]]) -> None:
    shared = shared_purposes(ledgers, NOW)
    assert all(shared <= active_purposes(each, NOW) for each in ledgers)
