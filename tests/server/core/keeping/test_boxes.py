from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.ids import Day, PersonId, ProfileId, TenantId
from shopbell_server.core.keeping.boxes import mark, place
from shopbell_server.core.keeping.owners import (
    INDEX,
    owner_of_day,
    owner_of_erasure,
    owner_of_person,
    owner_of_profile,
)

NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
ANYTHING = st.text(st.characters(exclude_categories=["Cs"]))
PLACES = st.tuples(NAMES, NAMES, ANYTHING)


@given(PLACES, PLACES)
def test_no_two_places_are_tied_to_the_same_text(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    texts = [place(TenantId(tenant), column, row) for tenant, column, row in (one, other)]
    assert (texts[0] == texts[1]) == (one == other)


@given(st.tuples(NAMES, ANYTHING), st.tuples(NAMES, ANYTHING))
def test_no_two_values_have_the_same_mark(one: tuple[str, str], other: tuple[str, str]) -> None:
    key = bytes(32)
    assert (mark(key, *one) == mark(key, *other)) == (one == other)
    assert len(mark(key, *one)) == 32
    assert mark(b"x" * 32, *one) != mark(key, *one)


def test_every_kind_of_owner_has_names_of_its_own() -> None:
    owners = {
        owner_of_profile(ProfileId("1")),
        owner_of_person(PersonId("1")),
        owner_of_day(Day(1)),
        owner_of_erasure("1"),
        INDEX,
    }
    assert owners == {"profile:1", "person:1", "day:1", "erasure:1", "index"}
