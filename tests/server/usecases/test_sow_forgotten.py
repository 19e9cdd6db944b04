"""No seed brings back who was forgotten; after a ticket, which is a new start, it may speak of her."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.audit.chain import Actor
from shopbell_server.core.identity.people import Profile
from shopbell_server.core.ids import Millis, ProfileId
from shopbell_server.seed import Seed, SeedProfile
from shopbell_server.usecases.keeping.erase import erase, finish
from shopbell_server.usecases.sow import sow
from shopbell_server.usecases.visits.recompute import Terms
from tests.server.usecases.floor import NOW, RULES, SINK

if TYPE_CHECKING:
    from shopbell_server.usecases.sow import Sown
    from tests.server.usecases.floor import Floor

TERMS = Terms(rules=RULES, sinks=(SINK,))
HER = SeedProfile(id="profile-ada", first_name="Ada", external_ids={"crm": "crm-77"})
OTHER = SeedProfile(id="profile-ben", first_name="Ben", external_ids={"crm": "crm-78"})


class NoPasswords:
    def hashed(self, password: str) -> str:
        raise AssertionError(password)

    def match(self, password_hash: str | None, password: str) -> bool:
        raise AssertionError(password_hash, password)


def sown(floor: Floor, *profiles: SeedProfile) -> Sown:
    seed = Seed(stores=(), profiles=profiles)
    return sow(floor.database, floor.entropy, NoPasswords(), seed, TERMS, Millis(NOW))


def forgotten(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, external_ids={"crm": "crm-77"})
    with floor.database.begin() as work:
        actor = Actor(kind="phone", name="")
        erased = erase(
            work, floor.entropy, Millis(NOW), person=ada.person, actor=actor, terms=TERMS
        )
        work.commit()
    assert erased is not None
    for each in erased.erasures:
        finish(floor.database, each, Millis(NOW))


def names(floor: Floor) -> dict[str, str | None]:
    wanted = [ProfileId(each) for each in ("profile-ada", "profile-ben", "profile-new")]
    with floor.database.read() as work:
        found = work.people.profiles(wanted)
    return {profile: each.first_name for profile, each in found.items()}


@pytest.mark.parametrize(
    "again",
    [HER, SeedProfile(id="profile-new", first_name="Ada", external_ids={"crm": " crm-77 "})],
)
def test_who_was_forgotten_is_left_out_by_id_and_by_number(
    floor: Floor, again: SeedProfile
) -> None:
    forgotten(floor)
    done = sown(floor, again, OTHER)
    assert (done.profiles, done.erased) == (1, 1)
    assert names(floor) == {"profile-ben": "Ben"}


def test_after_a_new_start_a_seed_may_speak_of_her(floor: Floor) -> None:
    forgotten(floor)
    with floor.database.begin() as work:
        work.people.put_profile(
            Profile(id=ProfileId("profile-ada"), first_name="A.", language="nl", staff=False)
        )
        work.commit()
    assert sown(floor, HER).erased == 0
    assert names(floor) == {"profile-ada": "Ada"}
