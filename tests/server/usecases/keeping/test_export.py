"""Everything of one person, and nothing of another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shopbell_server.core.audit.chain import Actor, What
from shopbell_server.core.delivery.cloud_events import rfc3339
from shopbell_server.core.identity.people import Profile
from shopbell_server.core.ids import FactId, Millis, ProfileId, ReceiptId, ZoneId
from shopbell_server.core.keeping.takeout import as_json
from shopbell_server.core.zones.found import Place
from shopbell_server.ports.receipts import TillReceipt
from shopbell_server.ports.told import Told
from shopbell_server.usecases.keeping.export import (
    COLUMNS,
    export,
    export_profile,
    persons_of,
    profile_of,
)
from tests.server.usecases.floor import NOW, RULES, SINK, STORE

if TYPE_CHECKING:
    from shopbell_server.core.keeping.takeout import Takeout
    from tests.server.usecases.floor import Floor, Someone

SAM = Actor(kind="operator", name="sam")


def taken(floor: Floor, someone: Someone) -> Takeout:
    with floor.database.begin() as work:
        enrolment = work.people.enrolments([someone.person])[someone.person]
        made = export(work, Millis(NOW), enrolment=enrolment, rules=RULES, actor=SAM, form="json")
        work.commit()
    return made


def lived(floor: Floor, someone: Someone) -> None:
    floor.hear(floor.shows_pass(someone), floor.presence(someone))
    with floor.database.begin() as work:
        work.receipts.keep(
            TillReceipt(
                receipt=ReceiptId(f"r-{someone.person}"),
                store=STORE,
                till="1",
                at_ms=Millis(NOW),
                person=someone.person,
                request_mac=bytes(32),
                joined=True,
            )
        )
        work.told.note(
            [
                Told(
                    person=someone.person,
                    sink="old-cdp",
                    fact=FactId("f-1"),
                    kind="shopbell.visit.started.v1",
                    at_ms=Millis(NOW),
                    delivered=True,
                    answer="200",
                )
            ]
        )
        work.commit()


def test_every_table_has_what_there_is_of_her(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, external_ids={"crm": "c-77"})
    lived(floor, ada)
    tables = taken(floor, ada).tables
    assert tables.keys() == COLUMNS.keys()
    for table, lines in tables.items():
        for line in lines:
            assert line.keys() <= set(COLUMNS[table]), table
    (about,) = tables["about"]
    assert (about["person"], about["first_name"]) == ("ada", "First-ada")
    assert [(each["kind"], each["value"]) for each in tables["identifiers"]] == [("crm", "c-77")]
    assert {each["purpose"] for each in tables["consents"]} == {
        "recognise_in_store",
        "share_with_cdp",
    }
    (visit,) = tables["visits"]
    assert (visit["store"], visit["evidence"]) == (STORE, "pass")
    assert [each["zone"] for each in tables["zones"]] == ["entrance"]
    assert {each["carrier"] for each in tables["sightings"]} == {"pass", "service-data"}
    assert len(tables["passes"]) == 1
    assert [each["receipt"] for each in tables["purchases"]] == ["r-ada"]
    assert len(tables["signals"]) == 1
    assert [each["recipient"] for each in tables["received_by"]] == ["old-cdp"]
    (waits,) = tables["waiting_for"]
    assert waits["recipient"] == SINK


def test_what_was_heard_and_where_she_was_found_is_in_it_while_it_is_kept(floor: Floor) -> None:
    ada, ben = floor.enrol("ada", 1), floor.enrol("ben", 2)
    floor.hear(floor.presence(ada), floor.presence(ben))
    when = Millis(NOW - 60_000), Millis(NOW)
    with floor.database.begin() as work:
        for each in (ada, ben):
            found = Place(each.person, STORE, *when, ZoneId("entrance"))
            work.places.put(each.person, STORE, *when, [found])
        work.commit()
    tables = taken(floor, ada).tables
    assert [each["times"] for each in tables["observations"]] == [
        each["times"] for each in tables["sightings"]
    ]
    assert tables["places"] == [
        {
            "store": STORE,
            "zone": "entrance",
            "zone_name": "Entrance",
            "first_at": rfc3339(when[0]),
            "last_at": rfc3339(when[1]),
        }
    ]


def test_nothing_of_another_is_in_it_and_nothing_that_opens_anything(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, profile="home")
    ben = floor.enrol("ben", 2, profile="home")
    lived(floor, ada)
    lived(floor, ben)
    with floor.database.begin() as work:
        name = work.people.profiles([ProfileId("home")])[ProfileId("home")]
        work.people.put_profile(replace(name, first_name="Home"))
        work.commit()
    text = as_json([taken(floor, ada)]).decode()
    assert "ben" not in text
    for secret in (ada.card.secret, ada.phone.mac_key):
        assert secret.hex() not in text
        assert repr(secret)[2:-1] not in text


def test_who_took_it_is_written_down(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    taken(floor, ada)
    with floor.database.read() as work:
        (record,) = [each for each in work.audit.records(0) if each.act.what == What.EXPORTED]
    assert (record.act.person, record.act.actor, record.act.about) == (ada.person, SAM, "json")


def test_a_person_or_a_profile_may_be_named(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, profile="home")
    ben = floor.enrol("ben", 2, profile="home")
    with floor.database.read() as work:
        assert [each.person for each in persons_of(work, "ben")] == [ben.person]
        assert [each.person for each in persons_of(work, "home")] == [ada.person, ben.person]
        assert persons_of(work, "nobody") == []
        assert profile_of(work, "home") is None
        assert profile_of(work, "nobody") is None


def test_a_profile_that_never_enrolled_has_its_name(floor: Floor) -> None:
    with floor.database.begin() as work:
        work.people.put_profile(
            Profile(id=ProfileId("p-9"), first_name="Noor", language="nl", staff=False)
        )
        profile = profile_of(work, "p-9")
        assert profile is not None
        made = export_profile(work, Millis(NOW), profile, actor=SAM, form="csv")
    assert made.tables["about"] == [{"profile": "p-9", "first_name": "Noor", "language": "nl"}]
    assert made.tables.keys() == COLUMNS.keys()
