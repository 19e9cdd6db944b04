"""The map of evidence, purposes and roles: all of it, against the table of the specification."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final, get_args

import pytest

from shopbell_server.core.board.disclosure import TABLE, Field, Standing, Viewer, allowed
from shopbell_server.core.board.ladder import CHOICES, FOLLOW, UNSHOWN, faults, least, table_of
from shopbell_server.core.confidence import Confidence
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.evidence import Evidence
from shopbell_server.core.registry import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

VIEWERS: Final[tuple[Viewer, ...]] = (*get_args(Role), "tablet")
NOBODYS: Final = frozenset({"operator", "auditor"})

SPECIFIED: Final[dict[Field, tuple[Evidence, set[Purpose], bool]]] = {
    Field.PRESENCE: (Evidence.HINT, set(), True),
    Field.ZONE: (Evidence.HINT, set(), True),
    Field.RECOGNITION: (Evidence.HINT, set(), True),
    Field.HANDLE: (Evidence.HINT, set(), True),
    Field.LANGUAGE: (Evidence.HINT, set(), True),
    Field.REASON_KIND: (Evidence.HINT, set(), True),
    Field.STAY: (Evidence.HINT, set(), False),
    Field.HELP: (Evidence.HINT, set(), False),
    Field.FIRST_NAME: (Evidence.SIGNAL, {Purpose.GREET_BY_NAME}, False),
    Field.REASON: (Evidence.FRESH, set(), False),
    Field.CARD: (Evidence.PASS, set(), False),
    Field.PURCHASES: (Evidence.PASS, {Purpose.SHOW_PURCHASES}, False),
    Field.CONVERTED: (Evidence.PASS, {Purpose.SHOW_PURCHASES}, False),
    Field.BROWSING: (Evidence.PASS, {Purpose.SHOW_BROWSING}, False),
    Field.REDEEM: (Evidence.CONFIRMED, set(), False),
    Field.CHANGE_PROFILE: (Evidence.CONFIRMED, set(), False),
}
"""Written down once more, by hand: evidence, purposes beside the two that everything needs, and whether a
tablet with nobody signed in shows it."""

NEEDED: Final = {Purpose.RECOGNISE_IN_STORE, Purpose.SHOW_TO_STAFF}


def subsets() -> Iterator[frozenset[Purpose]]:
    for chosen in product((False, True), repeat=len(Purpose)):
        yield frozenset(each for each, given in zip(Purpose, chosen, strict=True) if given)


def specified(
    field: Field, evidence: Evidence, purposes: frozenset[Purpose], viewer: Viewer
) -> bool:
    least_evidence, more, ambient = SPECIFIED[field]
    return (
        evidence >= least_evidence
        and purposes >= NEEDED | more
        and viewer not in NOBODYS
        and (ambient or viewer != "tablet")
    )


@pytest.mark.parametrize("viewer", VIEWERS)
@pytest.mark.parametrize("evidence", Evidence)
def test_every_field_is_shown_by_its_row_and_by_nothing_else(
    evidence: Evidence, viewer: Viewer
) -> None:
    standing = Standing(evidence=evidence, confidence=Confidence.MEDIUM, shown=True)
    for purposes in subsets():
        shown = allowed(standing, purposes, viewer)
        assert shown == {each for each in Field if specified(each, evidence, purposes, viewer)}


@pytest.mark.parametrize(
    "standing",
    [
        Standing(evidence=Evidence.CONFIRMED, confidence=Confidence.LOW, shown=True),
        Standing(evidence=Evidence.CONFIRMED, confidence=Confidence.HIGH, shown=False),
    ],
)
def test_what_is_not_to_be_shown_shows_no_field_to_anybody(standing: Standing) -> None:
    for viewer in VIEWERS:
        assert allowed(standing, frozenset(Purpose), viewer) == frozenset()


def test_a_field_without_a_row_is_shown_to_nobody() -> None:
    standing = Standing(evidence=Evidence.CONFIRMED, confidence=Confidence.HIGH, shown=True)
    for field, viewer in product(Field, VIEWERS):
        without = {each: needs for each, needs in TABLE.items() if each is not field}
        assert field not in allowed(standing, frozenset(Purpose), viewer, without)


# ------------------------------------------------------------------ a tenant's own


def test_nothing_chosen_is_the_table_itself() -> None:
    assert table_of({}) == TABLE
    assert table_of({each: TABLE[each].evidence for each in CHOICES}) == TABLE


def test_the_example_of_every_choice_may_be_stricter_without_end_and_laxer_by_one() -> None:
    for field, evidence in product(CHOICES, Evidence):
        found = faults({field: evidence})
        by_rows = TABLE[field].evidence - evidence
        assert bool(found) == (by_rows > 1)
        if found:
            (told,) = found
            assert told.startswith(f"{field} at {evidence.name.lower()} is too lax")
            assert told.endswith(f"by one row, to {least(field).name.lower()}")
            with pytest.raises(ValueError, match="too lax"):
                table_of({field: evidence})
        else:
            assert table_of({field: evidence})[field].evidence is evidence


def test_a_choice_moves_no_purpose_and_no_role() -> None:
    table = table_of({field: least(field) for field in CHOICES})
    for field, needs in table.items():
        assert (needs.purposes, needs.viewers) == (TABLE[field].purposes, TABLE[field].viewers)


def test_what_makes_up_a_row_is_shown_where_its_handle_is() -> None:
    table = table_of({Field.HANDLE: Evidence.PASS, Field.PURCHASES: Evidence.FRESH})
    assert {each: table[each].evidence for each in FOLLOW} == {
        Field.PRESENCE: Evidence.PASS,
        Field.ZONE: Evidence.PASS,
        Field.RECOGNITION: Evidence.PASS,
        Field.STAY: Evidence.PASS,
        Field.HELP: Evidence.PASS,
        Field.CONVERTED: Evidence.FRESH,
    }
    assert set(CHOICES) | set(FOLLOW) | UNSHOWN == set(Field)
