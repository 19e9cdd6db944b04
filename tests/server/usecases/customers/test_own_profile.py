"""What of a profile she may see herself: never what was said of another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.audit.chain import Actor
from shopbell_server.core.ids import Millis, PersonId
from shopbell_server.usecases.customers.own_profile import own_profile
from shopbell_server.usecases.keeping.export import export
from tests.server.usecases.floor import NOW, RULES
from tests.server.usecases.identity.test_profiles import ANNA, done, merged, taken_out, undone

if TYPE_CHECKING:
    from shopbell_server.core.identity.history import As
    from tests.server.usecases.floor import Floor


@pytest.fixture
def shop(floor: Floor) -> Floor:
    """Have Anna and Ben in it, each with a number."""
    floor.enrol("anna", 1, external_ids={"crm": "c-1"})
    floor.enrol("ben", 2, external_ids={"crm": "c-2"})
    return floor


def seen_by(floor: Floor, name: str) -> tuple[str | None, list[str]]:
    """Return what somebody is called on her own page, and her numbers."""
    person = PersonId(name)
    with floor.database.read() as work:
        hers = own_profile(work, work.people.enrolments([person])[person])
    assert hers.profile is not None
    return hers.profile.first_name, sorted(link.value for link in hers.links)


@pytest.mark.parametrize("joined_as", ["household", "one_person"])
def test_a_merge_shows_nobody_what_is_the_others(shop: Floor, joined_as: As) -> None:
    outcome = done(merged(shop, joined_as=joined_as))
    assert seen_by(shop, "anna") == ("First-anna", ["c-1"])
    assert seen_by(shop, "ben") == ("First-ben", ["c-2"])
    done(undone(shop, outcome))
    assert seen_by(shop, "ben") == ("First-ben", ["c-2"])


def test_what_she_takes_along_names_no_other_profile(shop: Floor) -> None:
    done(merged(shop))
    person = PersonId("ben")
    with shop.database.begin() as work:
        taken = export(
            work,
            Millis(NOW),
            enrolment=work.people.enrolments([person])[person],
            rules=RULES,
            actor=Actor(kind="phone", name=""),
            form="json",
        )
    text = repr(taken.tables)
    assert "profile-ben" in text
    assert not [other for other in (ANNA, "First-anna", "c-1") if other in text]


def test_who_shares_a_profile_from_the_beginning_shares_what_is_known_of_it(shop: Floor) -> None:
    shop.enrol("eve", 3, profile=ANNA)
    assert seen_by(shop, "eve")[1] == seen_by(shop, "anna")[1] == ["c-1"]


def test_who_was_taken_out_sees_what_came_along_and_no_more(shop: Floor) -> None:
    shop.enrol("eve", 3, profile=ANNA)
    with shop.database.read() as work:
        (number,) = work.identity.links([ANNA])[ANNA]
    done(taken_out(shop, persons=["eve"], links=[number.id]))
    assert seen_by(shop, "eve") == (None, ["c-1"])
    assert seen_by(shop, "anna")[1] == []
