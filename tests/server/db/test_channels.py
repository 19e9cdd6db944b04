"""What other channels said, on every database."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.channels.facts import Kind
from shopbell_server.core.identity.history import IdentityEntry, Moved
from shopbell_server.core.identity.people import Profile
from shopbell_server.core.ids import EntryId, LinkId, Millis, ProfileId
from shopbell_server.core.keeping.owners import owner_of_profile
from shopbell_server.core.keeping.retention import What
from tests.server.core.channels.saying import ADA, fact
from tests.server.links import link

if TYPE_CHECKING:
    from shopbell_server.db.unit_of_work import SqlDatabase
    from shopbell_server.ports.database import UnitOfWork

BOB = ProfileId("bob")


def add(work: UnitOfWork, *profiles: ProfileId) -> None:
    for each in profiles:
        work.people.put_profile(Profile(id=each, first_name=None, language=None, staff=False))


@pytest.fixture
def known(work: UnitOfWork) -> UnitOfWork:
    add(work, ADA, BOB)
    return work


def test_a_fact_comes_back_whole(known: UnitOfWork) -> None:
    whole = fact(store="ams-01", due_ms=7, product="Lamp", mark=b"m" * 16)
    bare = fact(Kind.TIER, "cleared", "loyalty_tier", profile=BOB)
    known.channels.put([whole, bare])
    assert known.channels.of([ADA, BOB, ProfileId("carl")]) == {ADA: [whole], BOB: [bare]}


def test_of_each_key_the_latest_stands_in_whatever_order_it_came(known: UnitOfWork) -> None:
    early, late = fact(state="ready", at_ms=1), fact(state="picked_up", at_ms=2)
    for facts in ([late], [early], [early, late, early], [late]):
        known.channels.put(facts)
        assert known.channels.of([ADA]) == {ADA: [late]}


def test_of_one_moment_the_greater_mark_stands(known: UnitOfWork) -> None:
    one, other = fact(mark=b"a" * 16), fact(state="picked_up", mark=b"b" * 16)
    known.channels.put([other])
    known.channels.put([one])
    assert known.channels.of([ADA]) == {ADA: [other]}


def test_a_message_is_known_for_ever(known: UnitOfWork) -> None:
    one, other = known.channels.marks(["m-1", "m-2"])
    assert len(one) == len(other) == 16
    assert known.channels.seen([one, other]) == frozenset()
    known.channels.note([one])
    known.channels.note([one])
    assert known.channels.seen([one, other]) == {one}
    assert list(known.channels.marks(["m-1"])) == [one]


def test_profiles_are_found_by_identifiers(known: UnitOfWork) -> None:
    one = link(known, ADA, "crm", "4711")
    other = link(known, BOB, "crm", "4711")
    alone = link(known, BOB, "crm", "9")
    found = known.channels.said_of("crm", ["4711", "9", "1"])
    assert found == {"4711": [(one.id, ADA), (other.id, BOB)], "9": [(alone.id, BOB)]}
    assert known.channels.said_of("webshop_id", ["4711"]) == {}


def test_facts_are_forgotten_and_messages_are_not(known: UnitOfWork) -> None:
    (mark,) = known.channels.marks(["m-1"])
    kept = fact(profile=BOB)
    known.channels.put([fact(), kept])
    known.channels.note([mark])
    known.channels.forget([ADA])
    assert known.channels.of([ADA, BOB]) == {BOB: [kept]}
    assert known.channels.seen([mark])


def test_facts_go_with_their_profile(known: UnitOfWork) -> None:
    known.channels.put([fact()])
    known.identity.forget([ADA])
    add(known, ADA)
    assert known.channels.of([ADA]) == {}


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        (What.CHANNEL_SERVICE, Kind.ORDER),
        (What.CHANNEL_WISHES, Kind.WISH),
        (What.CHANNEL_TIERS, Kind.TIER),
    ],
)
def test_each_kind_is_let_go_of_by_its_own_rule(known: UnitOfWork, what: What, kind: Kind) -> None:
    old, due = fact(kind, key="1", at_ms=5), fact(kind, key="2", at_ms=5, due_ms=10)
    other = fact(Kind.WISH if kind is Kind.ORDER else Kind.ORDER, key="3", at_ms=5)
    known.channels.put([old, due, other])
    assert known.retention.remove(what, Millis(10), 9) == {"channel_facts": 1}
    assert set(known.channels.of([ADA])[ADA]) == {due, other}


def test_what_was_said_of_an_identifier_goes_where_it_goes(known: UnitOfWork) -> None:
    crm = link(known, ADA, "crm", "4711")
    hers, by_it = fact(), fact(said_by=crm.id)
    known.channels.put([hers, by_it])
    entry = IdentityEntry(
        id=EntryId("e-1"),
        number=1,
        what="split",
        at_ms=Millis(1),
        source=ADA,
        target=BOB,
        moved=Moved(links=(LinkId(crm.id),)),
        about=None,
        joined_as=None,
        joined=frozenset(),
        reason="mistake",
        by="",
    )
    known.identity.append(entry)
    moved = replace(by_it, profile=BOB)
    assert known.channels.of([ADA, BOB]) == {ADA: [hers], BOB: [moved]}
    gone = replace(entry, id=EntryId("e-2"), number=2, what="unlinked", source=BOB, target=None)
    known.identity.append(gone)
    assert known.channels.of([ADA, BOB]) == {ADA: [hers]}


def test_without_the_key_of_the_profile_nothing_opens(sql: SqlDatabase) -> None:
    with sql.begin() as work:
        add(work, ADA)
        work.channels.put([fact()])
        work.commit()
    sql.boxes.destroy([owner_of_profile(ADA)])
    with sql.read() as work:
        assert work.channels.of([ADA]) == {}
