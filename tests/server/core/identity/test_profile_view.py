from __future__ import annotations

from typing import get_args

import pytest

from shopbell_server.core.identity.changes import Holding
from shopbell_server.core.identity.identifiers import Link
from shopbell_server.core.identity.people import Enrolment, Profile
from shopbell_server.core.identity.profile_view import (
    SEEN_BY,
    Keeper,
    Part,
    Recognition,
    seen_profile,
)
from shopbell_server.core.ids import DeviceNo, LinkId, Millis, PersonId, ProfileId

ANNA = ProfileId("anna")
HOLDING = Holding(
    profile=Profile(id=ANNA, first_name="Anna", language="nl", staff=False),
    enrolments=(
        Enrolment(
            person=PersonId("p"),
            profile=ANNA,
            device_no=DeviceNo(1),
            created_ms=Millis(0),
            revoked_ms=None,
        ),
    ),
    links=(
        Link(
            id=LinkId("l"),
            kind="crm",
            value="C-1",
            profile=ANNA,
            home=ANNA,
            at_ms=Millis(0),
            source="seed",
            by="",
        ),
    ),
    part_of=None,
)


def test_every_part_is_in_the_map() -> None:
    assert set(SEEN_BY) == set(Part)


def test_names_and_values_are_nobodys_to_see() -> None:
    assert SEEN_BY[Part.NAME] == SEEN_BY[Part.VALUES] == frozenset()


@pytest.mark.parametrize("keeper", get_args(Keeper))
def test_a_keeper_sees_what_a_profile_is_made_of(keeper: Keeper) -> None:
    seen = seen_profile(HOLDING, [ProfileId("ben")], {}, keeper)
    assert (seen.enrolments, seen.identifiers) == (HOLDING.enrolments, HOLDING.links)
    assert (seen.part_of, seen.parts) == (None, ("ben",))
    assert "C-1" not in repr(seen)


def test_only_an_operator_sees_who_works_here() -> None:
    assert seen_profile(HOLDING, [], {}, "operator").works_here is False
    assert seen_profile(HOLDING, [], {}, "system").works_here is None


def test_only_an_operator_sees_which_device_allows_nothing() -> None:
    silent = {PersonId("p"): Recognition(state="ran_out", since_ms=Millis(5))}
    assert seen_profile(HOLDING, [], silent, "operator").recognition == silent
    assert seen_profile(HOLDING, [], silent, "system").recognition is None
