"""A seed is written whole, again and again, and its past is of nobody who is here."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from msgspec import structs

from shopbell_program.settings import SettingsError
from shopbell_server.core.access.api_keys import as_text
from shopbell_server.core.access.credentials import fingerprint
from shopbell_server.core.audit.chain import What
from shopbell_server.core.evidence import Evidence
from shopbell_server.core.ids import EdgeId, Millis, ProfileId, StaffId, StoreId
from shopbell_server.core.registry import Position
from shopbell_server.core.visits.app_reports import Spot
from shopbell_server.seed import (
    Seed,
    SeedApiKey,
    SeedBeacon,
    SeedEdge,
    SeedProfile,
    SeedStaff,
    SeedStore,
    SeedVisit,
    SeedZone,
)
from shopbell_server.usecases.sow import past_self, sow
from shopbell_server.usecases.visits.recompute import Terms
from shopbell_server.usecases.visits.sweep import sweep
from tests.server.usecases.floor import DAY, MINUTE, NOW, RULES, SINK

if TYPE_CHECKING:
    from pathlib import Path

    from shopbell_server.usecases.sow import Sown
    from tests.server.usecases.floor import Floor

TERMS = Terms(rules=RULES, sinks=(SINK,))


class PlainPasswords:
    def hashed(self, password: str) -> str:
        return f"hash of {password}"

    def match(self, password_hash: str | None, password: str) -> bool:
        return password_hash == self.hashed(password)


AUDIT = ("audit", "audit_heads", "audit_records")
"""Sowing is written down each time."""


def moment(ms: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(ms / 1000, tz=dt.UTC)


def visit(start_ms: int, minutes: int = 20, *, evidence: str = "signal") -> SeedVisit:
    return SeedVisit(
        profile="c-1",
        store="hague",
        edge="hague-door",
        start=moment(start_ms),
        end=moment(start_ms + minutes * MINUTE),
        evidence=evidence,  # type: ignore[arg-type]
    )


def seed(folder: Path, *visits: SeedVisit) -> Seed:
    (folder / "secret").write_text("sesame\n")
    return Seed(
        stores=(
            SeedStore(
                id="hague",
                name="The Hague",
                latitude=52.08,
                longitude=4.31,
                zones=(SeedZone(id="door", name="Door"), SeedZone(id="till", name="Till")),
                edges=(SeedEdge(id="hague-door", zone="door", scanners={"usb0": "till"}),),
            ),
        ),
        staff=(
            SeedStaff(
                id="sam", name="Sam", stores=("hague",), password_file=str(folder / "secret")
            ),
            SeedStaff(id="kim", name="Kim", stores=()),
        ),
        profiles=(SeedProfile(id="c-1", first_name="Ada", external_ids={"crm": "c-1"}),),
        api_keys=(SeedApiKey(name="app", key_file=str(folder / "secret")),),
        visits=visits,
    )


def sown(floor: Floor, what: Seed, now_ms: int = NOW) -> Sown:
    return sow(floor.database, floor.entropy, PlainPasswords(), what, TERMS, Millis(now_ms))


def test_everything_is_there_afterwards(floor: Floor, tmp_path: Path) -> None:
    done = sown(floor, seed(tmp_path, visit(NOW - 3 * DAY)))
    assert (done.stores, done.edges, done.staff, done.profiles, done.visits) == (1, 1, 2, 1, 1)
    with floor.database.read() as work:
        store = work.registry.store(StoreId("hague"))
        assert store is not None
        assert store.position == Position(latitude=52.08, longitude=4.31)
        edge = work.registry.edges()[EdgeId("hague-door")]
        assert (edge.store, edge.zones) == ("hague", {"*": "door", "usb0": "till"})
        assert work.registry.password_hash(StaffId("sam")) == "hash of sesame"
        assert work.registry.password_hash(StaffId("kim")) is None
        key = work.registry.api_key(fingerprint("sesame"))
        assert key is not None
        assert (key.name, as_text(key.scopes), key.created_ms) == ("app", "receipts tickets", NOW)
        (profile,) = work.people.profiles([ProfileId("c-1")]).values()
        assert profile.first_name == "Ada"


def test_past_visits_are_visits_by_the_same_rules_and_of_nobody_here(
    floor: Floor, tmp_path: Path
) -> None:
    began = NOW - 20 * DAY
    past = [
        visit(began),
        visit(began + 40 * MINUTE, evidence="pass"),
        visit(began + DAY, evidence="fresh"),
    ]
    sown(floor, seed(tmp_path, *past))
    person = past_self(ProfileId("c-1"))
    with floor.database.read() as work:
        first, second = work.visits.of_person(person)
        assert first.session.start_ms == began
        assert first.session.end_ms == began + 60 * MINUTE
        assert [each.session.evidence for each in (first, second)] == [
            Evidence.PASS,
            Evidence.FRESH,
        ]
        assert work.people.enrolments([person])[person].revoked_ms == NOW
        assert not work.visits.present(StoreId("hague"), Millis(NOW))
    sweep(floor.database, floor.entropy, TERMS, Millis(NOW))
    with floor.database.read() as work:
        assert {each.state for each in work.visits.of_person(person)} == {"ended"}
    assert floor.facts() == []


def test_sowing_again_replaces_and_doubles_nothing(floor: Floor, tmp_path: Path) -> None:
    sown(floor, seed(tmp_path, visit(NOW - 3 * DAY)))
    before = floor.rows(*AUDIT)
    sown(floor, seed(tmp_path, visit(NOW - 3 * DAY)), NOW + DAY)
    assert floor.rows(*AUDIT) == before
    with floor.database.read() as work:
        assert [each.act.what for each in work.audit.records(0)] == [What.SEEDED] * 2


def test_an_identifier_that_a_guard_refuses_is_named_and_nothing_is_written(
    floor: Floor, tmp_path: Path
) -> None:
    profile = SeedProfile(id="c-2", external_ids={"crm": "c-2", "email_sha256": "null"})
    what = seed(tmp_path)
    with pytest.raises(SettingsError) as refused:
        sown(floor, structs.replace(what, profiles=(*what.profiles, profile)))
    (fault,) = refused.value.faults
    assert fault.key == "profiles[1].external_ids.email_sha256"
    assert "blocked" in fault.problem
    with floor.database.read() as work:
        assert work.people.profiles([ProfileId("c-1"), ProfileId("c-2")]) == {}


def test_visits_that_are_not_past_are_refused_and_nothing_is_written(
    floor: Floor, tmp_path: Path
) -> None:
    before = floor.rows()
    with pytest.raises(SettingsError, match=r"visits\[1\].end: lies in the future"):
        sown(floor, seed(tmp_path, visit(NOW - DAY), visit(NOW - MINUTE)))
    assert floor.rows() == before


def test_beacons_of_a_store_are_found_by_phones_that_hear_them(
    floor: Floor, tmp_path: Path
) -> None:
    uuid = "7E3B4C1A-0D5F-4C2E-9A61-2F8D5B7C9E04"
    beacon = SeedBeacon(id="hague-beacon", uuid=uuid, major=1, minor=2, zone="entrance")
    what = seed(tmp_path)
    store = structs.replace(what.stores[0], beacons=(beacon,))
    sown(floor, structs.replace(what, stores=(store,)))
    with floor.database.read() as work:
        found = work.registry.beacon(Spot(uuid=uuid.lower(), major=1, minor=2))
        assert found == work.registry.beacon("hague-beacon")
    assert found is not None
    assert (found.store, found.zone) == ("hague", "entrance")
