"""What is said of a profile, on every database: where it goes, and what keeps it out."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest

from shopbell_server.core.identity.guards import DEFAULTS, Guards, Limit
from shopbell_server.core.ids import Millis, ProfileId
from shopbell_server.ports.database import DatabaseBusyError
from shopbell_server.usecases.customers.enrol import NotEnrolled, TicketOrder, enrol, make_ticket
from shopbell_server.usecases.identity.identifiers import SaidBy, block, say, unlink
from tests.server.links import link
from tests.server.usecases.floor import NOW, CountedEntropy, Floor
from tests.server.usecases.identity.test_profiles import (
    ANNA,
    BEN,
    NEW,
    done,
    holds,
    merged,
    under,
    undone,
)


@pytest.fixture
def shop(floor: Floor) -> Floor:
    """Have Anna and Ben in it, each with a phone and a number."""
    floor.enrol("anna", 1, external_ids={"crm": "c-1"})
    floor.enrol("ben", 2, external_ids={"crm": "c-2", "loyalty_number": "29001"})
    return floor


def said(
    floor: Floor, profile: ProfileId, guards: Guards = DEFAULTS, **values: str
) -> list[tuple[str, str]]:
    with floor.database.begin() as work:
        refused = say(
            work,
            floor.entropy,
            Millis(NOW),
            profile=profile,
            values=values,
            said_by=SaidBy(source="app_ticket", by="app"),
            guards=guards,
        )
        work.commit()
    return [(each.kind, each.refused.guard) for each in refused]


def test_what_is_said_of_a_merged_profile_follows_it_and_goes_back(shop: Floor) -> None:
    outcome = done(merged(shop))
    assert said(shop, BEN, webshop_id="w-9") == []
    with shop.database.read() as work:
        assert "w-9" in {each.value for each in work.identity.links([ANNA])[ANNA]}
    holds(shop, [ANNA, BEN])
    done(undone(shop, outcome))
    with shop.database.read() as work:
        assert "w-9" in {each.value for each in work.identity.links([BEN])[BEN]}
    holds(shop, [ANNA, BEN])


def test_who_enrols_under_a_merged_profile_is_enrolled_where_it_went(shop: Floor) -> None:
    with shop.database.begin() as work:
        ticket = make_ticket(work, shop.entropy, order(BEN), Millis(NOW))
        work.commit()
    outcome = done(merged(shop))
    with shop.database.begin() as work:
        new = enrol(
            work,
            shop.entropy,
            Millis(NOW),
            ticket=ticket.secret,
            phone_model=None,
            said=[],
            sinks=[],
        )
        assert not isinstance(new, NotEnrolled)
        work.commit()
    assert new.person in under(shop, ANNA)[ANNA]
    done(undone(shop, outcome))
    assert new.person in under(shop, BEN)[BEN]
    holds(shop, [ANNA, BEN])


def order(profile: ProfileId, **external_ids: str) -> TicketOrder:
    return TicketOrder(profile=profile, external_ids=external_ids, first_name=None, language=None)


def test_a_profile_has_as_many_phones_as_its_guards_allow(shop: Floor) -> None:
    guards = Guards(limits={"enrolment": Limit(profiles=1, values=1)})
    with shop.database.begin() as work:
        ticket = make_ticket(work, shop.entropy, order(ANNA), Millis(NOW), guards)
        outcome = enrol(
            work,
            shop.entropy,
            Millis(NOW),
            ticket=ticket.secret,
            phone_model=None,
            said=[],
            sinks=[],
            guards=guards,
        )
    assert outcome is NotEnrolled.TOO_MANY


def test_an_identifier_that_is_said_again_is_the_same(shop: Floor) -> None:
    assert said(shop, ANNA, crm="c-1") == []
    with shop.database.read() as work:
        assert len(work.identity.links([ANNA])[ANNA]) == 1


def test_a_device_that_many_share_is_nobodys_beyond_its_limit(shop: Floor) -> None:
    for number, profile in enumerate((ANNA, BEN, NEW), start=3):
        if profile is NEW:
            shop.enrol("new", number, profile=NEW)
        assert said(shop, profile, cookie_id="k-1") == []
    shop.enrol("eve", 9)
    assert said(shop, ProfileId("profile-eve"), cookie_id="k-1") == [
        ("cookie_id", "too_many_profiles")
    ]


def test_what_an_operator_blocks_is_taken_from_all_and_given_to_none(shop: Floor) -> None:
    with shop.database.begin() as work:
        link(work, ANNA, "loyalty_number", "29001")
        work.commit()
    with shop.database.begin() as work:
        found = block(
            work,
            shop.entropy,
            Millis(NOW),
            kind="loyalty_number",
            value=" 29001 ",
            by="staff:op",
        )
        work.commit()
    assert found == {ANNA, BEN}
    with shop.database.read() as work:
        assert work.identity.bearers("loyalty_number", "29001") == frozenset()
    assert said(shop, ANNA, loyalty_number="29001") == [("loyalty_number", "blocked_value")]
    holds(shop, [ANNA, BEN])


def test_a_value_of_every_kind_is_blocked_from_now_on_and_taken_from_nobody(shop: Floor) -> None:
    with shop.database.begin() as work:
        found = block(work, shop.entropy, Millis(NOW), kind="*", value="29001", by="staff:op")
        work.commit()
    assert found == frozenset()
    with shop.database.read() as work:
        assert work.identity.bearers("loyalty_number", "29001") == {BEN}
    assert said(shop, ANNA, loyalty_number="29001") == [("loyalty_number", "blocked_value")]
    holds(shop, [ANNA, BEN])


def test_only_what_a_profile_has_is_unlinked(shop: Floor) -> None:
    with shop.database.begin() as work:
        (number,) = work.identity.links([ANNA])[ANNA]
        refused = unlink(
            work, shop.entropy, Millis(NOW), profile=BEN, links=[number.id], by="staff:op"
        )
    assert refused is not None
    assert refused.guard == "not_its_own"


def test_who_says_a_value_at_once_does_not_get_beyond_its_limit(shop: Floor) -> None:
    profiles = [ProfileId(f"shared-{number}") for number in range(6)]
    for number, profile in enumerate(profiles, start=10):
        shop.enrol(profile, number, profile=profile)
    barrier, refused = Barrier(len(profiles)), list[str]()

    def act(profile: ProfileId) -> None:
        entropy = CountedEntropy(profile)
        barrier.wait(10)
        for _ in range(50):
            try:
                with shop.database.begin() as work:
                    outcome = say(
                        work,
                        entropy,
                        Millis(NOW),
                        profile=profile,
                        values={"cookie_id": "k-1"},
                        said_by=SaidBy(source="app_ticket", by="app"),
                        guards=DEFAULTS,
                    )
                    work.commit()
            except DatabaseBusyError:
                continue
            refused.extend(each.refused.guard for each in outcome)
            return

    threads = [Thread(target=act, args=(profile,)) for profile in profiles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert refused == ["too_many_profiles"] * 3
    with shop.database.read() as work:
        assert len(work.identity.bearers("cookie_id", "k-1")) == 3
